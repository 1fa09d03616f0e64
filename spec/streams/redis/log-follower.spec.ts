import assert from 'node:assert/strict';
import { systemClock } from '../../../lib/clock.ts';
import { LogFollower } from '../../../streams/redis/log-follower.ts';
import { RedisRing } from '../../../streams/redis/redis-ring.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { quiet } from '../../support/log-watch.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';

(redisAvailable() ? describe : describe.skip)('the follower of a log in Redis', () => {
  let server: RedisServer;
  let ring: RedisRing;

  before(async () => {
    server = await startRedisServer();
    const bounds = { events: 100, bytes: 1e6, ageMs: 1e6 };
    const options = { url: server.url, clock: systemClock, random: Math.random, log: quiet };
    ring = new RedisRing({ ...options, bounds: () => bounds, generationOf: () => 0 }, () => undefined);
  });
  after(async () => {
    ring?.close();
    await server?.stop();
  });

  it('delivers what comes after it was asked to catch up before it was open', async () => {
    const follower = new LogFollower('l', ring, quiet);
    const heard = new LogRecorder();
    await follower.catchUp();
    follower.open(await ring.head('l'));
    follower.add(heard);
    const { epoch, offset } = await ring.publish('l', [{ data: '"first"' }], {});
    follower.receive({ epoch, first: offset, events: [{ offset, at: 0, data: '"first"' }] });
    assert.deepEqual(heard.data, ['"first"']);
    follower.close();
  });
});
