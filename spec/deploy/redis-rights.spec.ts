import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';

(redisAvailable() ? describe : describe.skip)('the rights in Redis that docs/operations.md lists', () => {
  let redis: RedisServer;
  let app: TestApp;

  before(async () => {
    redis = await startRedisServer();
    const text = readFileSync(join(PACKAGE_ROOT, 'docs', 'operations.md'), 'utf8');
    const rights = /^ACL SETUSER (marktide .+)$/m.exec(text)?.[1]?.split(' ') ?? [];
    const admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', ...rights);
    admin.disconnect();
    app = await startApp({ env: { REDIS_URL: redis.url.replace('://', '://marktide:password@') } });
  });
  after(async () => {
    await app?.close();
    await redis?.stop();
  });

  it('are enough to book, to stream, to resume, to cache and to count', async () => {
    const as = await app.user();
    const { body: portfolio } = await app.call('POST', '/v1/portfolios', { as, body: { name: 'Rights' } });
    const path = `/v1/portfolios/${portfolio.id}`;
    const stream = new StreamClient(
      `${app.url}/v1/streams?channels=fills:${portfolio.id},pnl:${portfolio.id}`,
      {
        headers: { authorization: as.authorization },
      },
    );
    await stream.ready();
    const fill = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: '2026-01-02T09:00:00Z' };
    assert.equal((await app.call('POST', `${path}/trades`, { as, body: fill })).status, 201);
    await stream.until(() => stream.of('fill').length > 0, 'the fill');
    stream.cut();
    for (let n = 0; n < 2; n += 1) assert.equal((await app.call('GET', path, { as })).status, 200);
    const ready = await fetch(`${app.url}/readyz`);
    assert.equal(ready.status, 200, await ready.text());
    const admin = new Redis(redis.url);
    const denied = await admin.call('ACL', 'LOG');
    admin.disconnect();
    assert.deepEqual(denied, [], 'something was denied');
  });
});
