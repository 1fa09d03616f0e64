import assert from 'node:assert/strict';
import Koa from 'koa';
import request from 'supertest';
import { createLogger } from '../../../lib/logging/log.ts';
import { warnOfUnexpectedProxy } from '../../../routes/middleware/unexpected-proxy.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a proxy that the node does not know of', () => {
  it('is warned of once a minute, with how often it was seen', async () => {
    const lines: { address: string; repeated?: number }[] = [];
    const log = createLogger('warn', { write: (line) => lines.push(JSON.parse(line)) });
    const clock = new VirtualClock();
    const app = new Koa();
    app.use(warnOfUnexpectedProxy(log, clock));
    app.use((ctx) => void (ctx.body = 'there'));
    const get = (headers: Record<string, string>) =>
      request(app.callback()).get('/').set(headers).expect(200);
    await get({});
    assert.equal(lines.length, 0);
    for (let n = 0; n < 3; n += 1) await get({ 'x-forwarded-for': '192.0.2.7' });
    assert.equal(lines.length, 1);
    await clock.advance(60_000);
    await get({ 'x-forwarded-for': '192.0.2.7' });
    assert.equal(lines.length, 2);
    assert.equal(lines[1]?.repeated, 2);
  });
});
