import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, createClient, type Handlers, MarktideError } from '../../../lib/client/index.ts';
import { PACKAGE_ROOT } from '../../../lib/process/package-info.ts';
import { clientOperations } from '../../../openapi/client-operations.ts';
import { API } from '../../../openapi/documents.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts';

/** Lets a test wait for what handlers are told. */
function signal(): { told(): void; until(predicate: () => boolean): Promise<void> } {
  let wake = (): void => undefined;
  return {
    told: () => wake(),
    async until(predicate) {
      while (!predicate()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const QUICK = { longestWaitMs: 50 };

describe('the client', () => {
  let app: TestApp;
  let admin: TestUser;
  let user: TestUser;
  let proxy: CuttingProxy;
  let price = 0;

  before(async () => {
    app = await startApp();
    [admin, user] = [await app.user('admin'), await app.user()];
    proxy = await startCuttingProxy(app.url);
  });
  after(async () => {
    await proxy.close();
    await app.close();
  });
  afterEach(() => {
    proxy.nextBudget = () => Number.POSITIVE_INFINITY;
  });

  function clientOf(url = proxy.url): Client {
    return createClient({ url, login: { email: user.email, password: TEST_PASSWORD } });
  }

  /** Public trades, each with a price of its own. */
  async function trade(count: number, on = app, as = admin): Promise<string[]> {
    const prices = Array.from({ length: count }, () => String(++price));
    const items = prices.map((each) => ({ symbol: 'BTC/KRW', price: each, quantity: '1' }));
    const { status } = await on.call('POST', '/v1/market/ticks', { as, body: { items } });
    assert.equal(status, 200);
    return prices;
  }

  it('has its table of operations as the endpoints are now', async () => {
    const path = join(PACKAGE_ROOT, 'lib', 'client', 'operations.ts');
    assert.equal(await readFile(path, 'utf8'), clientOperations(API));
  });

  it('logs in by itself, calls by name, and throws problems', async () => {
    const { api } = clientOf();
    const { id } = await api.createPortfolio({ body: { name: 'Mine' } });
    const fill = {
      externalId: '1',
      symbol: 'BTC/KRW',
      side: 'buy' as const,
      quantity: '2',
      price: '100',
      time: '2026-03-02T09:00:00Z',
    };
    await api.bookTrades({ path: { portfolioId: id }, body: fill });
    const { items } = await api.listTrades({ path: { portfolioId: id }, query: { limit: 1 } });
    assert.deepEqual([items[0]?.quantity, items[0]?.price], ['2', '100']);
    await assert.rejects(
      api.bookTrades({ path: { portfolioId: id }, body: { ...fill, price: '101' } }),
      (error) => error instanceof MarktideError && error.status === 409 && error.type === 'trade-conflict',
    );
    assert.equal(await api.deletePortfolio({ path: { portfolioId: id } }), undefined);
  });

  it('sends a file as it is', async () => {
    const { api } = clientOf();
    const { id } = await api.createPortfolio({ body: { name: 'From a file' } });
    const body =
      '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간\n' +
      '2026-03-02 18:00:00,BTC,KRW,매수,1,100,100,0,100,2026-03-02 18:00:00';
    const files = [body, new Blob([body])];
    const reports = [];
    for (const file of files) {
      reports.push(await api.importTrades({ path: { portfolioId: id }, query: {}, body: file }));
    }
    assert.deepEqual(
      reports.map(({ accepted, duplicates }) => [accepted, duplicates]),
      [
        [1, 0],
        [0, 1],
      ],
    );
  });

  it('tells each event once and in order, wherever the connection is cut', async () => {
    const got: string[] = [];
    const seen = signal();
    let budget = 400;
    // Cuts in the head, inside of events, between them: each time somewhere else.
    const opened = signal();
    proxy.nextBudget = () => {
      opened.told();
      return (budget += 37);
    };
    // One that fetch has kept from an earlier test would not be cut.
    proxy.cutAll();
    const handlers: Handlers = {
      trade: ({ price: each }) => got.push(each),
      reset: () => assert.fail('nothing was lost'),
      state: seen.told,
      ready: seen.told,
    };
    // Logged in past the proxy: here it is the stream that is cut.
    const client = createClient({
      url: proxy.url,
      login: { accessToken: user.accessToken, refreshToken: user.refreshToken },
    });
    const subscription = client.subscribe(['trade:BTC/KRW'], handlers, QUICK);
    await seen.until(() => subscription.state === 'live');
    const sent: string[] = [];
    for (let round = 0; round < 6; round += 1) sent.push(...(await trade(5)));
    // Also a client that is slow to come back is cut again.
    await opened.until(() => proxy.count >= 3);
    proxy.nextBudget = () => Number.POSITIVE_INFINITY;
    proxy.cutAll();
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (got.length >= sent.length) resolve();
      };
      handlers.trade = ({ price: each }) => {
        got.push(each);
        check();
      };
      check();
    });
    subscription.close();
    await subscription.done;
    assert.deepEqual(got, sent);
    assert.ok(proxy.count >= 3, `${proxy.count} connections`);
    assert.equal(subscription.state, 'closed');
  });

  it('renews a token that expires while its stream is open, and misses nothing', async () => {
    const short = await startApp({ env: { ACCESS_TOKEN_TTL: '4' } });
    try {
      const reader = await short.user();
      const got: string[] = [];
      const states: string[] = [];
      const seen = signal();
      const client = createClient({
        url: short.url,
        login: { accessToken: reader.accessToken, refreshToken: reader.refreshToken },
      });
      const codes: string[] = [];
      const subscription = client.subscribe(
        ['trade:BTC/KRW'],
        {
          trade: ({ price: each }) => {
            got.push(each);
            seen.told();
          },
          notice: ({ code }) => {
            codes.push(code);
            seen.told();
          },
          state: (state) => {
            states.push(state);
            seen.told();
          },
          ready: seen.told,
          error: (error) => assert.fail(error),
        },
        QUICK,
      );
      await seen.until(() => subscription.state === 'live');
      const before = await trade(2, short, await short.user('admin'));
      await seen.until(() => codes.includes('token-expired'));
      const later = await trade(2, short, await short.user('admin'));
      await seen.until(() => got.length >= 4);
      subscription.close();
      await subscription.done;
      assert.deepEqual(got, [...before, ...later]);
      assert.ok(codes.includes('token-expired'));
      // A call finds out by its refusal.
      assert.equal((await client.api.me()).id, reader.id);
    } finally {
      await short.close();
    }
  });

  it('comes back to a server that was started anew, is told of the reset, and has the state of now', async () => {
    const env = { PUBLIC_MARKET: 'true' };
    const first = await startApp({ env });
    proxy.leadTo(first.url);
    const tickers: string[] = [];
    const resets: string[] = [];
    const states: string[] = [];
    const seen = signal();
    const subscription = createClient({ url: proxy.url }).subscribe(
      ['ticker:BTC/KRW'],
      {
        ticker: ({ price: each }) => tickers.push(each),
        reset: ({ reason }) => resets.push(reason),
        state: (state) => {
          states.push(state);
          seen.told();
        },
        ready: seen.told,
      },
      QUICK,
    );
    try {
      await seen.until(() => subscription.state === 'live');
      await trade(1, first, await first.user('admin'));
      proxy.leadTo(null);
      await first.close();
      await seen.until(() => subscription.state === 'resuming');
      const second = await startApp({ env });
      try {
        const [now] = await trade(1, second, await second.user('admin'));
        proxy.leadTo(second.url);
        await seen.until(() => resets.length > 0 && subscription.state === 'live');
        assert.equal(tickers.at(-1), now);
        assert.ok(['epoch', 'foreign', 'expired'].includes(resets[0] ?? ''), resets[0]);
        assert.deepEqual(states.slice(-3), ['live', 'resuming', 'live']);
        subscription.close();
        await subscription.done;
      } finally {
        await second.close();
      }
    } finally {
      subscription.close();
      proxy.leadTo(app.url);
    }
  });

  it('ends with the reason when it is refused, and does not ask again', async () => {
    const errors: MarktideError[] = [];
    const subscription = clientOf().subscribe(['pnl:0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80'], {
      error: (error) => errors.push(error),
    });
    await subscription.done;
    assert.deepEqual(
      errors.map(({ status, type }) => [status, type]),
      [[404, 'not-found']],
    );
    assert.equal(subscription.state, 'closed');
  });
});
