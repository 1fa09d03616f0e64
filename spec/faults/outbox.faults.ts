import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { say } from './say.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const PORTFOLIOS = 3;
/** Changes of each portfolio that must be acknowledged while Redis is lost, and after it has come back. */
const CHANGES = 6;

interface Loss {
  name: string;
  lose(redis: RedisServer): Promise<void> | void;
  restore(redis: RedisServer): Promise<void> | void;
  /** Whether the log is as it was afterwards. */
  isWhole: boolean;
}

const LOSSES: Loss[] = [
  {
    name: 'killed, and restarted with its data',
    lose: (redis) => redis.kill('SIGKILL'),
    restore: (redis) => redis.restart({ keepData: true }),
    isWhole: true,
  },
  {
    name: 'frozen for a while',
    lose: (redis) => redis.pause(),
    restore: (redis) => redis.resume(),
    isWhole: true,
  },
  {
    name: 'killed, and restarted empty',
    lose: (redis) => redis.kill('SIGKILL'),
    restore: (redis) => redis.restart({ keepData: false }),
    isWhole: false,
  },
];

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'ledgers that two nodes change at once',
  function () {
    this.timeout(300_000);
    let redis: RedisServer;
    let nodes: TestApp[];
    let user: TestUser;

    before(async () => {
      redis = await startRedisServer({ persistent: true });
      const databaseUrl = await newPostgresDatabase();
      const limits = { RATE_LIMIT_USER: '0', RATE_LIMIT_ADDRESS: '0', PORTFOLIO_RING_EVENTS: '10000' };
      const env = { REDIS_URL: redis.url, ...limits };
      nodes = [await startApp({ env, databaseUrl }), await startApp({ env, databaseUrl })];
      user = await (nodes[0] as TestApp).user();
    });
    after(async () => {
      redis?.resume();
      for (const node of nodes ?? []) await node.close();
      await redis?.stop();
    });

    /** Books, corrects and removes fills by way of one node, one change after the other, until it is stopped. */
    class Trader {
      changes = 0;
      readonly done: Promise<void>;
      #stopped = false;

      constructor(node: TestApp, path: string, name: string) {
        this.done = this.#trade(node, path, name);
      }

      stop(): void {
        this.#stopped = true;
      }

      async #trade(node: TestApp, path: string, name: string): Promise<void> {
        const call = async (method: string, rest: string, body?: unknown): Promise<{ id: string }> => {
          const answer = await node.call(method, `${path}/trades${rest}`, { as: user, body });
          assert.ok(answer.status < 300, `${method} ${rest}: ${JSON.stringify(answer.body)}`);
          this.changes += 1;
          return answer.body;
        };
        for (let n = 0; !this.#stopped; n += 1) {
          const fill = { externalId: `${name}${n}`, exchange: 'upbit', symbol: 'BTC/KRW', side: 'buy' };
          const body = { ...fill, quantity: '1', price: '1', time: '2026-01-02T09:00:00Z' };
          const { id } = await call('POST', '', body);
          if (n % 2 === 0) await call('PATCH', `/${id}`, { note: 'why' });
          if (n % 3 === 0) await call('DELETE', `/${id}`);
        }
      }
    }

    async function until(isSo: () => boolean): Promise<void> {
      await eventually(isSo, 'what the streams should say', { everyMs: 20 });
    }

    const versionsOf = (stream: StreamClient): number[] =>
      stream.of('ledger').map(({ data }) => Number(data.version));
    const hasSaid = (stream: StreamClient, code: string, times: number): boolean =>
      stream.of('notice').filter(({ data }) => data.code === code).length >= times;

    for (const { name, lose, restore, isWhole } of LOSSES) {
      it(`are told of in order, each change once, with a Redis that is ${name}`, async () => {
        const paths: string[] = [];
        for (let n = 0; n < PORTFOLIOS; n += 1) {
          const body = { name: `P${n}`, cashMode: 'untracked' };
          const { id } = (await (nodes[0] as TestApp).call('POST', '/v1/portfolios', { as: user, body }))
            .body;
          paths.push(`/v1/portfolios/${id}`);
        }
        const headers = { authorization: user.authorization };
        const readers = paths.map((path) =>
          nodes.map((node) => {
            const url = `${node.url}/v1/streams?channels=ledger:${path.split('/').at(-1)}`;
            return new StreamClient(url, { headers });
          }),
        );
        for (const stream of readers.flat()) await stream.ready();
        const traders = paths.flatMap((path) => nodes.map((node, n) => new Trader(node, path, `n${n}-`)));
        const progress = async (): Promise<void> => {
          const before = traders.map(({ changes }) => changes);
          await until(() => traders.every(({ changes }, n) => changes >= (before[n] ?? 0) + CHANGES));
        };
        const failed = Promise.all(traders.map(({ done }) => done)).then(() => undefined);
        for (let round = 1; round <= ROUNDS; round += 1) {
          await Promise.race([progress(), failed]);
          await lose(redis);
          for (const stream of readers.flat()) await stream.until(() => hasSaid(stream, 'delayed', round));
          await Promise.race([progress(), failed]);
          await restore(redis);
          for (const stream of readers.flat()) await stream.until(() => hasSaid(stream, 'restored', round));
        }
        await Promise.race([progress(), failed]);
        for (const trader of traders) trader.stop();
        await failed;
        for (const [index, path] of paths.entries()) {
          const { body } = await (nodes[1] as TestApp).call('GET', path, { as: user });
          const all = Array.from({ length: body.version }, (_, n) => n + 1);
          for (const stream of readers[index] ?? []) {
            await stream.until(() => versionsOf(stream).at(-1) === body.version, 'the last change');
            if (isWhole) {
              assert.deepEqual(stream.of('reset'), []);
              assert.deepEqual(versionsOf(stream), all);
            } else assertPieces(stream);
            stream.cut();
          }
        }
        const changes = traders.reduce((sum, trader) => sum + trader.changes, 0);
        say(`Redis ${name} ${ROUNDS} times: ${changes} changes told in order, on both nodes`);
      });
    }

    /** From one reset to the next no version is missing, doubled, or out of order. */
    function assertPieces(stream: StreamClient): void {
      assert.equal(stream.of('reset').length, ROUNDS);
      let last: number | null = null;
      for (const { event, data } of stream.events) {
        if (event === 'reset') last = null;
        if (event !== 'ledger') continue;
        if (last !== null) assert.equal(data.version, last + 1);
        last = data.version;
      }
    }
  },
);
