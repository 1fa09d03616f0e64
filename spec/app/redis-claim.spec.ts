import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { claimPrefix, RedisClaim } from '../../app/redis-claim.ts';
import { systemClock } from '../../lib/clock.ts';
import { fastRedis } from '../../streams/redis/redis-connection.ts';
import { eventually } from '../support/eventually.ts';
import { quiet } from '../support/log-watch.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';

const OURS = { prefix: 'p:', fleet: 'ours' };

(redisAvailable() ? describe : describe.skip)('the claim of a fleet on its prefix in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let claim: RedisClaim;

  beforeEach(async () => {
    server = await startRedisServer();
    redis = new Redis(server.url);
    const own = fastRedis(server.url, {
      clock: systemClock,
      random: Math.random,
      log: quiet,
      name: 'claim',
    });
    claim = new RedisClaim({ redis: own, clock: systemClock, logger: quiet, ...OURS });
    await eventually(async () => (await redis.get('p:{fleet}')) === 'ours', 'the claim');
  });
  afterEach(async () => {
    await claim.close();
    redis.disconnect();
    await server.stop();
  });

  it('is made again when Redis has lost its data', async () => {
    await redis.flushall();
    await eventually(async () => (await redis.get('p:{fleet}')) === 'ours', 'the claim after the loss');
    assert.equal(await claimPrefix(redis, { prefix: 'p:', fleet: 'theirs' }), false);
    assert.equal(claim.fault, null);
  });

  it('tells of another fleet that took the prefix first, until it is gone', async () => {
    await redis.set('p:{fleet}', 'theirs');
    assert.match(
      await eventually(() => claim.fault, 'the fault'),
      /another database's nodes use the prefix p:/,
    );
    await redis.del('p:{fleet}');
    await eventually(() => claim.fault === null, 'the end of the fault');
  });
});
