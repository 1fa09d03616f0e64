import assert from 'node:assert/strict';
import { openDatabase, type OpenedDatabase } from '../../db/connection/database.ts';
import { candlesSince, upsertCandles } from '../../db/market/candles.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import { systemClock } from '../../lib/clock.ts';
import { fixed } from '../../lib/money/money.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { ExchangeServer } from '../support/exchanges/exchange-server.ts';
import { upbitProtocol } from '../support/exchanges/protocols.ts';
import { watchedLogger } from '../support/log-watch.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';

const SYMBOL = 'BTC/KRW';
const MINUTE = 60_000;
const HISTORY = /trades\/ticks/;

interface Minute {
  time: string;
  trades: number;
  complete: boolean;
}

for (const backend of ['memory', 'Redis'] as const) {
  const isAvailable = postgresAvailable() && (backend === 'memory' || redisAvailable());
  (isAvailable ? describe : describe.skip)(
    `a node on ${backend} that is killed while it repairs`,
    function () {
      this.timeout(120_000);
      const begin = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE;
      let server: ExchangeServer;
      let redis: RedisServer | null = null;
      let database: OpenedDatabase;
      let env: Record<string, string>;
      let node: NodeProcess;
      let authorization: string;
      let made = 0;

      before(async () => {
        server = await ExchangeServer.start(upbitProtocol([SYMBOL]));
        if (backend === 'Redis') redis = await startRedisServer();
        const url = await newPostgresDatabase();
        database = await openDatabase({ url, log: watchedLogger(), clock: systemClock });
        await migrate(database.knex);
        // What was before is known: otherwise the 24 hours before the first start would be a gap.
        const [time, price] = [begin - MINUTE, fixed('1000')];
        const figures = { open: price, high: price, low: price, close: price, volume: fixed('0.5') };
        const candle = { symbol: SYMBOL, time, closeTime: begin - 1, ...figures, quoteVolume: fixed('500') };
        await upsertCandles(database.knex, [{ ...candle, trades: 1, simulated: false }], 'merge');
        const past = { symbol: SYMBOL, price: '1000', amount: '0.5', side: 'buy' } as const;
        server.trades.push({ ...past, id: 1, time: begin - 1 });
        env = {
          DATABASE_URL: url,
          DEMO: 'false',
          MARKET_FEED: `ccxt:upbit?symbols=${SYMBOL}&ws=${server.ws}&rest=${server.rest}`,
          ...(redis !== null && { REDIS_URL: redis.url }),
        };
        await start();
      });
      after(async () => {
        await node?.end('SIGKILL');
        await database.close();
        await server.stop();
        await redis?.stop();
      });

      async function start(): Promise<void> {
        node = await startNode(env);
        authorization = await logIn(node.url);
      }

      function trade(count: number): void {
        for (let index = 0; index < count; index += 1) {
          made += 1;
          const time = begin + made * 20_000;
          server.trade({ symbol: SYMBOL, id: made * 10, time, price: '1000', amount: '0.5', side: 'buy' });
        }
      }

      async function minutes(): Promise<Minute[]> {
        const path = `/v1/market/candles?symbol=${SYMBOL}&interval=1m&from=${begin}&limit=1000`;
        const answer = await fetch(`${node.url}${path}`, { headers: { authorization } });
        return ((await answer.json()) as { items: Minute[] }).items;
      }

      /** Minutes that lack trades and do not say so. */
      async function silent(): Promise<string[]> {
        const listed = new Map((await minutes()).map((minute) => [Date.parse(minute.time), minute]));
        const real = new Map<number, number>();
        for (const { time } of server.trades.slice(1)) {
          const start = Math.floor(time / MINUTE) * MINUTE;
          real.set(start, (real.get(start) ?? 0) + 1);
        }
        return [...real].flatMap(([time, trades]) => {
          const known = listed.get(time);
          // A minute of which no trade came is not there: what is asked of it is the symbol's gaps.
          if (known === undefined || !known.complete) return [];
          return known.trades === trades ? [] : [`${known.time}: ${known.trades} of ${trades}`];
        });
      }

      async function stored(): Promise<number> {
        const candles = await candlesSince(database.knex, begin, 1_000, false);
        return candles.reduce((sum, { trades }) => sum + trades, 0);
      }

      async function certain(): Promise<void> {
        await eventually(async () => {
          const { rows } = await database.knex.raw<{ rows: unknown[] }>('select * from market_doubts');
          return rows.length === 0;
        }, 'the end of the doubt');
      }

      it('tells what it had not read, also where live trades had gone on', async () => {
        await server.subscribed(1);
        trade(4);
        await eventually(async () => (await stored()) === 4, 'the trades to be stored');
        await certain();
        await server.stop();
        trade(6);
        const release = server.hold(HISTORY);
        await server.restart();
        await server.subscribed(2);
        trade(1);
        await eventually(async () => (await stored()) === 5, 'the live trade to be stored');
        await node.end('SIGKILL');
        release();
        await start();
        await server.subscribed(3);
        await eventually(() => node.output().includes('trades were missed for good'), 'the gap to be told');
        trade(1);
        await eventually(async () => (await stored()) === 6, 'the next live trade to be stored');
        assert.deepEqual(await silent(), []);
        const told = (await minutes()).filter(({ complete }) => !complete);
        assert.equal(told[0]?.time, new Date(begin + MINUTE).toISOString());
        const tickers = await fetch(`${node.url}/v1/market/tickers`, { headers: { authorization } });
        assert.equal(
          ((await tickers.json()) as { items: { complete: boolean }[] }).items[0]?.complete,
          false,
        );
        const { rows } = await database.knex.raw('select symbol, from_time, to_time, feed from market_gaps');
        assert.deepEqual(rows, [
          { symbol: SYMBOL, from_time: begin + 80_001, to_time: begin + 220_000, feed: 'ccxt:upbit' },
        ]);
      });

      it('is in doubt of nothing any more once all was read', async () => {
        const before = await stored();
        await server.stop();
        trade(5);
        await server.restart();
        await server.subscribed(4);
        trade(1);
        await eventually(async () => (await stored()) === before + 6, 'all trades to be stored');
        await certain();
        await node.end('SIGKILL');
        await start();
        await server.subscribed(5);
        trade(1);
        await eventually(async () => (await stored()) === before + 7, 'the next live trade to be stored');
        const { rows } = await database.knex.raw('select count(*)::int as count from market_gaps');
        assert.deepEqual(rows, [{ count: 1 }]);
        assert.deepEqual(await silent(), []);
      });
    },
  );
}
