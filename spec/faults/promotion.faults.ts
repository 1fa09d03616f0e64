import assert from 'node:assert/strict';
import { Client } from 'pg';
import { eventually } from '../support/eventually.ts';
import { type Pgbouncer, pgbouncerAvailable, startPgbouncer } from '../support/pgbouncer.ts';
import { postgresAvailable, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { redisAvailable } from '../support/redis-server.ts';
import { fillsOf, fillsSince, RewoundFleet } from '../support/rewound-fleet.ts';
import { tellRow } from './fault-table.ts';
import { say } from './say.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

const HEALED_MS = 30_000;
const [KEPT, LOST, LATER] = [10, 15, 25];

async function ask({ url }: PostgresServer, statement: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: unknown }>(statement);
    return rows[0]?.value;
  } finally {
    await client.end();
  }
}

const isRunnable = postgresAvailable() && redisAvailable() && pgbouncerAvailable();

/** Two nodes → PgBouncer → a primary, which an asynchronous standby follows. */
(isRunnable ? describe : describe.skip)('a standby that is promoted without the last commits', function () {
  this.timeout(180_000);
  let primary: PostgresServer;
  let standby: PostgresServer;
  let toPrimary: SlowProxy;
  let pooler: Pgbouncer;
  let fleet: RewoundFleet;

  before(async () => {
    primary = await startPostgres({ durable: true });
    pooler = await startPgbouncer({ port: primary.port, mode: 'transaction' });
    fleet = await RewoundFleet.start(
      () => Promise.resolve(primary),
      (url) => pooler.through(url),
    );
    toPrimary = await startSlowProxy(primary.port);
    standby = await startPostgres({ durable: true, standbyOf: toPrimary.port });
  });
  after(async () => {
    await fleet?.stop();
    await toPrimary?.close();
    await standby?.stop();
    await pooler?.stop();
  });

  it('resets readers, leaves no ghost, and loses none of the next fills', async () => {
    const portfolioId = await fleet.newPortfolio();
    await fleet.book(portfolioId, KEPT);
    const written = String(await ask(primary, 'select pg_current_wal_lsn() as value'));
    const hasFollowed = (): Promise<unknown> =>
      ask(standby, `select pg_last_wal_replay_lsn() >= '${written}' as value`);
    await eventually(hasFollowed, 'the standby', { everyMs: 50 });
    const streams = await fleet.watch(portfolioId);

    // From here on the standby hears nothing more.
    toPrimary.isSilent = true;
    await fleet.book(portfolioId, LOST);
    for (const stream of streams)
      await stream.until(() => fillsOf(stream).length === LOST, 'the fills that will be lost');
    const { headers, body } = await fleet.get(1, portfolioId, '/pnl');
    assert.equal(body.costBasis, String(KEPT + LOST));

    await primary.kill('SIGKILL');
    toPrimary.cutAll();
    const lostAt = performance.now();
    await ask(standby, 'select pg_promote() as value');
    await pooler.pointTo(standby.port);
    for (const stream of streams) {
      await stream.until(() => stream.of('reset').length > 0, 'the reset');
      await stream.until(() => stream.of('pnl').at(-1)?.data.costBasis === String(KEPT), 'the true state');
    }
    const healedMs = performance.now() - lostAt;
    assert.ok(healedMs < HEALED_MS, `it took ${Math.round(healedMs)} ms`);

    // As many as were lost, and more: the versions of the lost ones are given a second time.
    const booked = await fleet.book(portfolioId, LATER);
    for (const stream of streams) {
      const told = (): string[] => fillsSince(stream, 'first reset').filter((id) => booked.includes(id));
      await stream.until(() => told().length >= LATER, 'the next fills');
      assert.deepEqual(told(), booked);
      stream.cut();
    }
    for (const node of [0, 1]) {
      const ifNoneMatch = { 'if-none-match': headers.get('etag') ?? '' };
      const answer = await fleet.get(node, portfolioId, '/pnl', { headers: ifNoneMatch });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.costBasis, String(KEPT + LATER));
      assert.notEqual(answer.body.position, body.position);
    }
    const resets = streams.map((stream) => stream.of('reset').length).join(' and ');
    tellRow('others', {
      what: 'PostgreSQL behind PgBouncer',
      how: 'killed; a standby that lacks the last commits takes over',
      readers: `resets: ${resets}; then the true state`,
      writers: `the next ${LATER} are told once`,
      told: 'streams: `reset`',
      healed: `${(healedMs / 1_000).toFixed(1)} s`,
      lost: `${LOST} fills, which the standby never had`,
    });
    say(
      `${LOST} fills lost, ${LATER} told once, true again after ${Math.round(healedMs)} ms, ${resets} resets`,
    );
  });
});
