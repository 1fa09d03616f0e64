/**
 * Takes a lease, says so, and writes under it when it is told to, however long that took: as a process that is paused at
 * the worst moment, between the check of its lease and the write.
 */
import { once } from 'node:events';
import { upsertCandles } from '../../../db/market/candles.ts';
import { openDatabase } from '../../../db/connection/database.ts';
import { fenced, LeaseLostError } from '../../../db/connection/fence.ts';
import { Housekeeping } from '../../../db/housekeeping.ts';
import { systemClock as clock } from '../../../lib/clock.ts';
import { createLogger } from '../../../lib/logging/log.ts';
import { FencedError } from '../../../streams/core/broker.ts';
import { RedisBroker } from '../../../streams/redis/redis-broker.ts';
import { RedisLeases } from '../../../streams/redis/redis-leases.ts';
import { expired, LEASE_MS, minute } from './paused-writes.ts';

const [redisUrl = '', databaseUrl = '', what = '', lease = ''] = process.argv.slice(2);
const log = createLogger('silent');
const redis = { clock, random: Math.random, log };
const leases = new RedisLeases({ ...redis, redis: redisUrl, leaseMs: LEASE_MS });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The lease, once the parent has said that it may be used. */
async function late(): Promise<{ fence: number; release(): Promise<void> }> {
  const held = await leases.acquire(lease);
  if (held === null) throw new Error('somebody else has the lease');
  say('held');
  await once(process.stdin, 'data');
  return held;
}

if (what === 'housekeeping') {
  const { knex, close } = await openDatabase({ url: databaseUrl, log });
  const keeping = { db: knex, clock, logger: log, auditDays: 1, auditRows: 1_000 };
  const housekeeping = new Housekeeping({ ...keeping, lease: late });
  await housekeeping.run();
  say((await expired(knex)) > 0 ? 'refused' : 'written');
  await housekeeping.close();
  await close();
} else if (what === 'candles') {
  const { knex, close } = await openDatabase({ url: databaseUrl, log });
  const { fence } = await late();
  const write = fenced(knex, { name: lease, fence }, (trx) => upsertCandles(trx, [minute('1')], 'merge'));
  say(
    await write.then(
      () => 'written',
      (error: unknown) => (error instanceof LeaseLostError ? 'refused' : String(error)),
    ),
  );
  await close();
} else {
  const bounds = (): { events: number; bytes: number; ageMs: number } => ({
    events: 100,
    bytes: 1e6,
    ageMs: 1e6,
  });
  const broker = new RedisBroker({ ...redis, url: redisUrl, bounds });
  const { fence } = await late();
  say(
    await broker.publish(what, [{ data: '"first"' }], { fence }).then(
      () => 'written',
      (error: unknown) => (error instanceof FencedError ? 'refused' : String(error)),
    ),
  );
  await broker.close();
}
await leases.close();
process.stdin.destroy();
