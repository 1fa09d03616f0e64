import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { type Answer, startApp, type TestApp, type TestUser } from './app.ts';
import { eventually } from './eventually.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';
import { StreamClient } from './stream-client.ts';

/** Two nodes on a PostgreSQL and a Redis of their own, of which PostgreSQL can be put back to an earlier state. */
export class RewoundFleet {
  readonly postgres: PostgresServer;
  readonly nodes: readonly [TestApp, TestApp];
  readonly user: TestUser;
  readonly #redis: RedisServer;
  readonly #copy: string;
  #booked = 0;

  private constructor(
    postgres: PostgresServer,
    redis: RedisServer,
    nodes: readonly [TestApp, TestApp],
    user: TestUser,
  ) {
    this.postgres = postgres;
    this.nodes = nodes;
    this.user = user;
    this.#redis = redis;
    this.#copy = `${postgres.folder}-copy`;
  }

  /** @param way from the nodes to PostgreSQL, where that is not the server's own address */
  static async start(
    postgresOf: () => Promise<PostgresServer> = startPostgres,
    way: (url: string) => string = (url) => url,
  ): Promise<RewoundFleet> {
    const postgres = await postgresOf();
    const redis = await startRedisServer();
    const options = {
      databaseUrl: way(postgres.url),
      env: { REDIS_URL: redis.url, PNL_INTERVAL_MS: '10', RATE_LIMIT_USER: '0', RATE_LIMIT_ADDRESS: '0' },
    };
    const nodes = [await startApp(options), await startApp(options)] as const;
    return new RewoundFleet(postgres, redis, nodes, await nodes[0].user());
  }

  async newPortfolio(): Promise<string> {
    const body = { name: 'P', baseCurrency: 'KRW', cashMode: 'untracked' };
    const { status, body: made } = await this.nodes[0].call('POST', '/v1/portfolios', {
      as: this.user,
      body,
    });
    assert.equal(status, 201);
    return made.id;
  }

  /** Books so many fills, one after the other, on one node and the other. @returns their external ids */
  async book(portfolioId: string, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      this.#booked += 1;
      const externalId = `t${this.#booked}`;
      const fill = { externalId, exchange: 'upbit', symbol: 'BTC/KRW', side: 'buy', quantity: '1' };
      const body = { ...fill, price: '1', time: '2026-01-02T09:00:00Z' };
      const { status } = await this.get(n % 2, portfolioId, '/trades', { method: 'POST', body });
      assert.equal(status, 201);
      ids.push(externalId);
    }
    return ids;
  }

  async get(
    node: number,
    portfolioId: string,
    path = '',
    options: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { method = 'GET', ...rest } = options;
    const app = this.nodes[node === 0 ? 0 : 1];
    return await app.call(method, `/v1/portfolios/${portfolioId}${path}`, { as: this.user, ...rest });
  }

  /** A stream on each node, of the fills and figures of a portfolio. */
  async watch(portfolioId: string): Promise<readonly StreamClient[]> {
    const headers = { authorization: this.user.authorization };
    const path = `/v1/streams/pnl?portfolioId=${portfolioId}`;
    const streams = this.nodes.map(({ url }) => new StreamClient(url + path, { headers }));
    for (const stream of streams) await stream.ready();
    return streams;
  }

  /** From now on the messages of a portfolio stay in the outbox, however often they are taken out, until a rewind. */
  async keepMessages(portfolioId: string): Promise<void> {
    const { db } = this.nodes[0].services;
    await db.raw(`
      create function keep_message() returns trigger language plpgsql as $$
        begin
          if old.portfolio_id = '${portfolioId}' and extract(epoch from pg_postmaster_start_time())
            = (select extract(epoch from kept_at) from kept) then return null; end if;
          return old;
        end $$;
      create table kept as select pg_postmaster_start_time() as kept_at;
      create trigger keep_message before delete on outbox for each row execute function keep_message();
    `);
  }

  /** Stops PostgreSQL, and keeps its files as they are then. It has to be started again. */
  async keepState(): Promise<void> {
    await this.postgres.kill('SIGINT');
    await rm(this.#copy, { recursive: true, force: true });
    copy(this.postgres.folder, this.#copy);
  }

  /** Puts the kept files back: whatever was written since is lost. */
  async rewind(): Promise<void> {
    await this.postgres.kill('SIGINT');
    await rm(this.postgres.folder, { recursive: true, force: true });
    copy(this.#copy, this.postgres.folder);
    await this.restart();
  }

  /** Starts PostgreSQL, stopping it first if it runs. */
  async restart(): Promise<void> {
    await this.postgres.restart();
    for (const node of this.nodes) {
      const isBack = async (): Promise<boolean> => (await node.call('GET', '/readyz')).body.database.ready;
      await eventually(isBack, 'the database');
    }
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.close();
    await this.#redis.stop();
    await this.postgres.stop();
    await rm(this.#copy, { recursive: true, force: true });
  }
}

/** With owners and rights, without which PostgreSQL does not start. */
function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

export const fillsOf = (stream: StreamClient): string[] =>
  stream.of('fill').map(({ data }) => data.trade.externalId);

/** The fills that were told after the last reset. */
export function fillsSince({ events }: StreamClient, which: 'first reset' | 'last reset'): string[] {
  const isReset = ({ event }: { event: string }): boolean => event === 'reset';
  const reset = which === 'first reset' ? events.findIndex(isReset) : events.findLastIndex(isReset);
  return events
    .slice(reset + 1)
    .flatMap(({ event, data }) => (event === 'fill' ? data.trade.externalId : []));
}
