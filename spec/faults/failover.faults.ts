import assert from 'node:assert/strict';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { type RedisWithSentinel, startRedisWithSentinel } from '../support/redis-sentinel.ts';
import { redisAvailable } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { Bot } from './bot.ts';
import { tellRow } from './fault-table.ts';
import { say } from './say.ts';

const HEALED_MS = 30_000;

async function readiness(url: string): Promise<Record<string, { ready?: boolean } | null>> {
  return (await (await fetch(`${url}/readyz`)).json()) as Record<string, { ready?: boolean } | null>;
}

/** How a primary is lost. */
const LOSSES = [
  { name: 'killed', signal: 'SIGKILL' },
  { name: 'frozen', signal: 'SIGSTOP' },
] as const;

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('a failover by Sentinel', function () {
  this.timeout(180_000);
  for (const { name, signal } of LOSSES) {
    describe(`of a primary that is ${name}`, () => {
      let redis: RedisWithSentinel;
      const nodes: NodeProcess[] = [];

      before(async () => {
        redis = await startRedisWithSentinel();
        const env = {
          MARKET_FEED: 'push',
          DEMO: 'false',
          LOG_LEVEL: 'silent',
          DATABASE_URL: await newPostgresDatabase(),
          REDIS_URL: redis.url,
          RATE_LIMIT_USER: '0',
          RATE_LIMIT_ADDRESS: '0',
        };
        for (let n = 0; n < 2; n += 1) nodes.push(await startNode(env));
      });
      after(async () => {
        for (const node of nodes.splice(0)) await node.end('SIGKILL');
        redis?.primary.resume();
        await redis?.stop();
      });

      it('costs no fill, on two nodes under load, and is over within half a minute', async () => {
        const [one, two] = nodes;
        assert.ok(one !== undefined && two !== undefined);
        const authorization = await logIn(one.url);
        const bot = new Bot(one.url, authorization);
        await bot.openPortfolio();
        const stream = new StreamClient(`${two.url}/v1/streams?channels=fills:${bot.portfolioId}`, {
          headers: { authorization },
        });
        await stream.ready();
        const fills = (): Set<string> => new Set(stream.of('fill').map(({ data }) => data.trade.externalId));

        const over = new AbortController();
        const load = (async () => {
          while (!over.signal.aborted) await bot.book();
        })();
        await stream.until(() => fills().size >= 20, 'the first fills');

        const lostAt = performance.now();
        await redis.primary.kill(signal);
        await redis.promoted();
        const promotedAfter = performance.now() - lostAt;
        // What is booked from now on must arrive, on the stream that has been open all along.
        const before = bot.acknowledged.size;
        const unready = new Set<string>();
        const asking = (async () => {
          while (!over.signal.aborted)
            for (const { url } of nodes)
              for (const [name, check] of Object.entries(await readiness(url)))
                if (check?.ready === false) unready.add(`/readyz: \`${name}\``);
        })();
        const seen = fills().size;
        await stream.until(() => fills().size > seen + 20, 'fills after the failover');
        const healedAfter = performance.now() - lostAt;
        assert.ok(healedAfter < HEALED_MS, 'the stream did not go on in time');
        over.abort();
        await load;
        await asking;
        assert.ok(bot.acknowledged.size > before, 'nothing was booked after the failover');
        const there = await bot.assertKept();
        if (stream.of('reset').length === 0) await stream.until(() => fills().size >= there, 'all fills');
        for (const { url } of nodes) {
          const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;
          await eventually(isReady, 'readiness', { withinMs: HEALED_MS, everyMs: 50 });
        }
        stream.cut();
        const refused = [...bot.refused].map(([status, count]) => `${count} × ${status || 'no answer'}`);
        const notices = new Set(stream.of('notice').map(({ data }) => String(data.code)));
        notices.delete('restored');
        const told = [...unready, ...[...notices].map((code) => `\`${code}\``)].sort();
        assert.ok(told.length > 0, 'nobody is told');
        tellRow('others', {
          what: 'Redis with Sentinel',
          how: `primary ${name} for good`,
          readers: `fills after ${(healedAfter / 1_000).toFixed(1)} s; ${stream.of('reset').length} resets`,
          writers: refused.join(', ') || 'nothing',
          told: told.join(', '),
          healed: `${(healedAfter / 1_000).toFixed(1)} s`,
          lost: `0 of ${bot.acknowledged.size} fills`,
        });
        say(
          `promoted after ${Math.round(promotedAfter)} ms, fills on the stream again after ${Math.round(healedAfter)} ms, ${stream.of('reset').length} resets`,
        );
      });
    });
  }
});
