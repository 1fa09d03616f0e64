import assert from 'node:assert/strict';
import { decimal, ZERO } from '../../lib/money/money.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import type { ServerAnswer } from '../support/account-server.ts';
import { watch } from '../support/log-watch.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { UpbitAccounts } from '../support/upbit-accounts.ts';
import { say } from './say.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const DAY = 86_400_000;
/** Events of one stretch of the account's life. */
const EVENTS = 60;

const TROUBLES: Record<string, ServerAnswer> = {
  'rate-limited': { status: 429, body: { error: { name: 'too_many_requests', message: 'slower' } } },
  banned: { status: 418, body: { error: { name: 'too_many_requests', message: 'blocked' } } },
  unreachable: { status: 500, body: { error: { name: 'server_error', message: 'sorry' } } },
  maintenance: { status: 503, body: '<html>503 Service Temporarily Unavailable</html>' },
  'unreadable-answer': { status: 200, body: { unexpected: true } },
  'key-rejected': { status: 401, body: { error: { name: 'jwt_verification', message: 'revoked' } } },
};

interface Account {
  id: string;
  phase: string;
  failure: { code: string } | null;
  reconciled: boolean | null;
  lastSuccessAt: string | null;
}

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'an account at an exchange, read by a fleet that fails',
  function () {
    this.timeout(300_000);
    const upbit = new UpbitAccounts();
    let redis: RedisServer;
    let env: Record<string, string>;
    let nodes: NodeProcess[];
    let authorization: string;
    let path: string;
    let seed = 1;

    /** A small generator: a failure can be told by its round. */
    function random(below: number): number {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    }

    before(async () => {
      await upbit.start();
      watch.learn(upbit.secretKey);
      redis = await startRedisServer();
      env = {
        MARKET_FEED: 'push',
        DEMO: 'false',
        DATABASE_URL: await newPostgresDatabase(),
        REDIS_URL: redis.url,
        ACCOUNT_POLL_S: '5',
        RATE_LIMIT_USER: '0',
        RATE_LIMIT_ADDRESS: '0',
        ...upbit.env,
      };
      nodes = await Promise.all([startNode(env), startNode(env)]);
      authorization = await logIn(last().url);
    });
    after(async () => {
      for (const node of nodes ?? []) await node.end('SIGKILL');
      await redis?.stop();
      await upbit.stop();
    });

    function first(): NodeProcess {
      assert.ok(nodes[0]);
      return nodes[0];
    }

    function last(): NodeProcess {
      const node = nodes.at(-1);
      assert.ok(node);
      return node;
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
    async function call(method: string, at: string, body?: object): Promise<any> {
      const response = await fetch(`${last().url}${at}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      assert.ok(response.ok, `${method} ${at}: ${response.status} ${await response.clone().text()}`);
      return response.status === 204 ? null : await response.json();
    }

    async function account(): Promise<Account> {
      const { items } = await call('GET', `${path}/accounts`);
      return items[0];
    }

    async function sync(): Promise<void> {
      await call('POST', `${path}/accounts/${(await account()).id}/sync`);
    }

    /** Whatever may happen to an account, at times that grow: once it is read, no exchange has anything new in its past. */
    function live(since: number, hours: number): void {
      for (let n = 0; n < EVENTS; n += 1) {
        const at = since + Math.floor((n * hours * 3_600_000) / EVENTS);
        const amounts = { price: `${1_000 + random(90_000)}`, volume: `0.${1 + random(99_999)}`, at };
        const market = ['KRW-BTC', 'KRW-XRP', 'KRW-ETH'][random(3)] ?? '';
        const waiting = [...upbit.orders.values()].filter(({ state }) => state === 'wait');
        const order = waiting[random(Math.max(1, waiting.length))];
        const what = random(8);
        if (what < 2) upbit.trade(market, what === 0 ? 'bid' : 'ask', amounts);
        else if (what === 2) upbit.fill(upbit.order(market, 'bid', at), amounts);
        else if (what === 3) upbit.move('deposit', 'XRP', { amount: amounts.volume, at });
        else if (what === 4) upbit.move('withdraw', 'KRW', { amount: amounts.price, fee: '1000', at });
        else if (order !== undefined && what < 7) upbit.fill(order, amounts);
        else if (order !== undefined) upbit.close(order, random(2) === 0 ? 'done' : 'cancel');
      }
    }

    /** The ledger is what the exchange says, and has each event once. */
    async function assertTrue(): Promise<void> {
      const since = Date.now();
      await sync();
      await eventually(
        async () => {
          const { reconciled, lastSuccessAt } = await account();
          return reconciled === true && Date.parse(lastSuccessAt ?? '') >= since;
        },
        'agreeing with the exchange',
        { everyMs: 100 },
      );
      const { id } = await account();
      const { balances } = await call('GET', `${path}/accounts/${id}/reconciliation`);
      assert.deepEqual(
        Object.fromEntries(
          balances.map(({ asset, ledger }: { asset: string; ledger: string }) => [asset, ledger]),
        ),
        Object.fromEntries([...upbit.balances].sort().map(([asset, amount]) => [asset, decimal(amount)])),
      );
      const booked: string[] = [];
      for (let cursor = ''; ;) {
        const { items, nextCursor } = await call('GET', `${path}/entries?limit=500${cursor}`);
        booked.push(...items.map(({ externalId }: { externalId: string }) => externalId));
        if (nextCursor === null) break;
        cursor = `&cursor=${nextCursor}`;
      }
      const events = [
        ...[...upbit.orders.values()].flatMap(({ fills }) => fills.map(({ uuid }) => uuid)),
        ...upbit.movements.map(({ uuid }) => uuid),
      ];
      assert.deepEqual(booked.sort(), events.sort());
    }

    it('has each event once when the node that reads it is killed or frozen', async () => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        upbit.clear();
        live(Date.now() - 30 * DAY, 29 * 24);
        const { id } = await call('POST', '/v1/portfolios', { name: `Round ${round}` });
        path = `/v1/portfolios/${id}`;
        // The first node alone can take it.
        process.kill(last().pid, 'SIGSTOP');
        const response = await fetch(`${first().url}${path}/accounts`, {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify(upbit.input),
        });
        assert.equal(response.status, 201, await response.text());
        const open = upbit.hold(400 + random(80));
        await upbit.held();
        process.kill(last().pid, 'SIGCONT');
        if (round % 2 === 1) await first().end('SIGKILL');
        else process.kill(first().pid, 'SIGSTOP');
        open();
        await eventually(async () => (await account()).phase === 'current', 'the other node', {
          everyMs: 100,
        });
        if (round % 2 === 0) process.kill(first().pid, 'SIGCONT');
        live(Date.now(), 0);
        await assertTrue();
        say(`round ${round}: ${upbit.orders.size} orders, ${upbit.requests.length} requests`);
        if (round % 2 === 1) nodes[0] = await startNode(env);
      }
    });

    it('comes to the truth again after whatever its exchange answers', async () => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        for (const [code, answer] of Object.entries(TROUBLES)) {
          live(Date.now(), 0);
          // In the middle of a pass, and rows that come twice.
          const from = random(4);
          let asked = 0;
          upbit.refuse = () => ((asked += 1) > from ? answer : null);
          await sync();
          await eventually(
            async () => {
              const { phase, failure } = await account();
              return failure?.code === code && phase === (code === 'key-rejected' ? 'stopped' : 'failing');
            },
            code,
            { everyMs: 50 },
          );
          upbit.refuse = () => null;
          upbit.isRepeating = round % 2 === 1;
          await assertTrue();
        }
      }
      assert.ok([...upbit.balances.values()].some((amount) => amount !== ZERO));
    });
  },
);
