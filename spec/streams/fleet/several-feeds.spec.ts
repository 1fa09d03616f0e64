import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { ExchangeServer } from '../../support/exchanges/exchange-server.ts';
import { binanceProtocol, upbitProtocol } from '../../support/exchanges/protocols.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';

describe('several feeds at once', () => {
  const listed = ['BTC/KRW', 'ETH/KRW'];
  let upbit: ExchangeServer;
  let binance: ExchangeServer;
  let clock: ShiftedClock;
  let app: TestApp;
  let user: TestUser;
  let made = 0;

  before(async () => {
    upbit = await ExchangeServer.start(upbitProtocol(listed));
    binance = await ExchangeServer.start(binanceProtocol(['BTC/USDT', 'ETH/USDT']));
    clock = new ShiftedClock();
    app = await startApp({
      clock,
      env: {
        MARKET_FEED: [
          `ccxt:upbit?symbols=BTC/KRW,ETH/KRW&ws=${upbit.ws}&rest=${upbit.rest}`,
          `ccxt:binance?symbols=BTC/USDT&ws=${binance.ws}&rest=${binance.rest}`,
          'push',
        ].join(),
      },
    });
    user = await app.user('admin');
    await upbit.subscribed(1);
    await binance.subscribed(1);
  });
  after(async () => {
    await app.close();
    await upbit.stop();
    await binance.stop();
  });

  function trade(server: ExchangeServer, symbol: string, price: string): void {
    made += 1;
    server.trade({ symbol, id: made, time: Date.now(), price, amount: '1', side: 'buy' });
  }

  async function untilTickers(expected: string[]): Promise<void> {
    let seen: string[] = [];
    await eventually(async () => {
      const { body } = await app.call('GET', '/v1/market/tickers', { as: user });
      const items = body.items as Record<'symbol' | 'price' | 'exchange' | 'feed' | 'status', string>[];
      seen = items.map((each) => [each.symbol, each.price, each.exchange, each.feed, each.status].join(' '));
      return seen.join() === expected.join();
    }, expected.join());
  }

  it('name the exchange of every price, and the death of one leaves the others as they are', async () => {
    trade(upbit, 'BTC/KRW', '1000');
    trade(upbit, 'ETH/KRW', '100');
    trade(binance, 'BTC/USDT', '1');
    const body = { symbol: 'SOL/KRW', price: '7', quantity: '1' };
    assert.equal((await app.call('POST', '/v1/market/ticks', { as: user, body })).status, 200);
    const others = ['SOL/KRW 7  push live'];
    await untilTickers([
      'BTC/KRW 1000 upbit ccxt:upbit live',
      'BTC/USDT 1 binance ccxt:binance live',
      'ETH/KRW 100 upbit ccxt:upbit live',
      ...others,
    ]);
    await binance.stop();
    await eventually(
      async () => (await app.call('GET', '/readyz')).body.feeds[1].state === 'retrying',
      'the failure',
    );
    clock.shift += 10_000;
    trade(upbit, 'BTC/KRW', '1001');
    await untilTickers([
      'BTC/KRW 1001 upbit ccxt:upbit live',
      'BTC/USDT 1 binance ccxt:binance stale',
      'ETH/KRW 100 upbit ccxt:upbit live',
      ...others,
    ]);
    const { feeds } = (await app.call('GET', '/readyz')).body;
    assert.deepEqual(
      feeds.map((each: { feed: string; state: string; exchange: string }) => [
        each.feed,
        each.state,
        each.exchange,
      ]),
      [
        ['ccxt:upbit', 'running', 'upbit'],
        ['ccxt:binance', 'retrying', 'binance'],
        ['push', 'running', null],
      ],
    );
  });

  it('call a symbol closed that its exchange has delisted', async () => {
    const before = upbit.subscriptions;
    listed.splice(1, 1);
    upbit.cut();
    await upbit.subscribed(before + 1);
    trade(upbit, 'BTC/KRW', '1002');
    await untilTickers([
      'BTC/KRW 1002 upbit ccxt:upbit live',
      'BTC/USDT 1 binance ccxt:binance stale',
      'ETH/KRW 100 upbit ccxt:upbit closed',
      'SOL/KRW 7  push live',
    ]);
  });
});
