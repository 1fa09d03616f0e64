import assert from 'node:assert/strict';
import { upsertCandles } from '../../../db/market/candles.ts';
import { fixed } from '../../../lib/money/money.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const NOON = Date.UTC(2026, 2, 2, 12);
const SECOND = 1_000;

/** Closes of two symbols without a straight way between them, some in the middle of a minute. */
const CLOSES: [symbol: string, seconds: number, close: string][] = [
  ['USDT/KRW', -60, '1390'],
  ['USDT/KRW', 30, '1400.7'],
  ['USDT/KRW', 90, '1411.3'],
  ['BNB/USDT', -60, '600.1'],
  ['BNB/USDT', 45, '611.9'],
  ['BNB/USDT', 95, '607.7'],
];
/** Three fills of one minute, between which the rates change; one before any price is known, and one after. */
const FILLS = [-90, 10, 35, 50, 100].map((seconds, index) => ({
  externalId: `fill-${index}`,
  exchange: 'binance',
  symbol: 'ETH/USDT',
  side: index === 3 ? 'sell' : 'buy',
  quantity: `0.${index + 1}`,
  price: `310${index}.7`,
  fee: { amount: '0.00075', currency: 'BNB' },
  time: new Date(NOON + seconds * SECOND).toISOString(),
}));
const TRANSFERS = [10, 35, 50].map((seconds, index) => ({
  externalId: `transfer-${index}`,
  kind: 'deposit',
  asset: 'BNB',
  quantity: '1',
  time: new Date(NOON + seconds * SECOND).toISOString(),
}));

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
  );
}

eachApp('rates of a batch', (app) => {
  const books = bookkeeper(app);
  before(async () => {
    const candles = CLOSES.map(([symbol, seconds, text]) => {
      const close = fixed(text);
      const closeTime = NOON + seconds * SECOND;
      const time = Math.floor(closeTime / 60_000) * 60_000;
      const prices = { open: close, high: close, low: close, close };
      return {
        symbol,
        time,
        closeTime,
        ...prices,
        volume: 0n,
        quoteVolume: 0n,
        trades: 1,
        simulated: false,
      };
    });
    await upsertCandles(app().services.db, candles, 'replace');
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
  async function figures(path: string): Promise<any> {
    const { items } = await books.get(`${path}/trades?order=asc&limit=100`);
    const { items: holdings } = await books.get(`${path}/holdings`);
    return {
      // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
      trades: items.map(({ externalId, value, feeValue, realizedPnl }: any) => ({
        externalId,
        value,
        feeValue,
        realizedPnl,
      })),
      holdings,
    };
  }

  async function oneByOne(path: string, where: string, items: readonly object[]): Promise<void> {
    for (const item of items) await books.post(`${path}/${where}`, item);
  }

  it('are those of each fill in its own instant, in whatever order and by whichever way they come', async () => {
    const alone = await books.portfolio();
    await oneByOne(alone, 'trades', FILLS);
    const expected = await figures(alone);
    const rates = new Set(expected.trades.map(({ feeValue }: { feeValue: string }) => feeValue));
    assert.equal(rates.size, FILLS.length, 'no two of these fills have the same rates');
    for (const items of permutations(FILLS).filter((_, index) => index % 3 === 0)) {
      const batch = await books.portfolio();
      await books.post(`${batch}/trades`, { items });
      const order = items.map(({ externalId }) => externalId).join();
      assert.deepEqual(await figures(batch), expected, `batch ${order}`);
    }
    const HEADINGS = 'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId';
    for (const items of permutations(FILLS).filter((_, index) => index % 17 === 0)) {
      const path = await books.portfolio();
      const rows = items.map(({ fee, ...fill }) =>
        [
          fill.time,
          fill.exchange,
          fill.symbol,
          fill.side,
          fill.quantity,
          fill.price,
          fee.amount,
          fee.currency,
          fill.externalId,
        ].join(),
      );
      const { status } = await app().call('POST', `${path}/trades/import`, {
        as: books.user(),
        headers: { 'content-type': 'text/csv' },
        body: [HEADINGS, ...rows, ''].join('\n'),
      });
      assert.equal(status, 201);
      assert.deepEqual(await figures(path), expected, `file ${rows.join('\n')}`);
    }
  });

  it('of transfers are those of their own instants too', async () => {
    const alone = await books.portfolio();
    await oneByOne(alone, 'transfers', TRANSFERS);
    const expected = await books.get(`${alone}/holdings`);
    for (const items of permutations(TRANSFERS)) {
      const batch = await books.portfolio();
      await books.post(`${batch}/transfers`, { items });
      const { items: found } = await books.get(`${batch}/holdings`);
      assert.deepEqual(found, expected.items);
    }
  });

  describe('that only its own trades tell', () => {
    // No market of these coins is known.
    const at = (seconds: number): string => new Date(NOON + seconds * SECOND).toISOString();
    const priced = { symbol: 'OWNC/KRW', side: 'buy', quantity: '2', price: '500', time: at(0) };
    const charged = (seconds: number): object => ({
      symbol: 'OWNX/KRW',
      side: 'buy',
      quantity: '1',
      price: '1000',
      fee: { amount: '0.01', currency: 'OWNC' },
      time: at(seconds),
    });
    const known = { rate: '500', source: 'own-trade' };
    const rateOf = ({ rates }: { rates: { of: string; rate: string; source: string }[] }): unknown =>
      rates.filter(({ of }) => of === 'fee').map(({ rate, source }) => ({ rate, source }))[0] ?? null;

    for (const [name, order] of [
      ['the price first', [0, 1]],
      ['the price last', [1, 0]],
    ] as const) {
      it(`value its fees in its own answer, and in whatever is read next: ${name}`, async () => {
        const path = await books.portfolio();
        const items = order.map((at) => [priced, charged(10)][at]);
        const booked = await books.post(`${path}/trades`, { items });
        const trades = booked.items.map(({ trade }: { trade: object }) => trade);
        const [fill] = trades.filter(({ fee }: { fee: object | null }) => fee !== null);
        assert.deepEqual(rateOf(fill), known);
        assert.equal(booked.version, (await books.get(path)).version);
        const pnl = await books.get(`${path}/pnl`);
        assert.equal(pnl.fees, '5');
        assert.ok(!pnl.warnings.some(({ code }: { code: string }) => code === 'unvalued-amount'));
      });
    }

    it('value the fee of a single fill, and of a file', async () => {
      const path = await books.portfolio();
      await books.post(`${path}/trades`, priced);
      assert.deepEqual(rateOf(await books.post(`${path}/trades`, charged(10))), known);
      const rows = [`${at(20)},OWNX/KRW,buy,1,1000,0.01,OWNC`, `${at(30)},OWNX/KRW,buy,1,1000,0.02,OWNC`];
      const response = await fetch(`${app().url}${path}/trades/import`, {
        method: 'POST',
        headers: { authorization: books.user().authorization, 'content-type': 'text/csv' },
        body: ['time,symbol,side,quantity,price,feeAmount,feeCurrency', ...rows, ''].join('\n'),
      });
      const report = await response.json();
      assert.equal(response.status, 201, JSON.stringify(report));
      const pnl = await books.get(`${path}/pnl`);
      assert.equal(pnl.fees, '20');
    });

    it('leave a fee before any price unknown', async () => {
      const path = await books.portfolio();
      const { items } = await books.post(`${path}/trades`, { items: [charged(-10), priced] });
      assert.equal(rateOf(items[0].trade), null);
    });
  });
});
