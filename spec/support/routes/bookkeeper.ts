import assert from 'node:assert/strict';
import type { Answer, TestApp, TestUser } from '../app.ts';
import { StreamClient } from '../stream-client.ts';

/** Exact arithmetic of its own, in units of 10⁻¹⁸: nothing of the code under test. */
export function units(text: string | null): bigint {
  assert.ok(typeof text === 'string', 'a figure is missing');
  assert.match(text, /^-?\d+(\.\d{1,18})?$/);
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const digits = BigInt(whole + fraction.padEnd(18, '0'));
  return text.startsWith('-') ? -digits : digits;
}

export function sum(texts: readonly (string | null)[]): bigint {
  return texts.reduce((total, text) => total + units(text), 0n);
}

export interface Bookkeeper {
  user: () => TestUser;
  call: (method: string, path: string, body?: unknown) => Promise<Answer>;
  /** A 200. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  get: (path: string) => Promise<any>;
  /** A 201. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  post: (path: string, body: unknown) => Promise<any>;
  /** The path of a new portfolio. */
  portfolio: (settings?: object) => Promise<string>;
  /** Pushes prices and resolves when the market has them. */
  price: (prices: Record<string, string>) => Promise<void>;
  /** Loads closes, of whole UTC days unless it is said: `{'BTC/KRW': {'2026-03-01': '100'}}`. */
  closes: (closes: Record<string, Record<string, string>>, interval?: string) => Promise<void>;
}

/** A trader who keeps books over HTTP, and an administrator who has the prices. Call it in a suite. */
export function bookkeeper(app: () => TestApp): Bookkeeper {
  let user: TestUser | undefined;
  let admin: TestUser | undefined;
  const known = (who: TestUser | undefined): TestUser => who ?? assert.fail('not before the suite begins');
  before(async () => {
    user = await app().user();
    admin = await app().user('admin');
  });

  const call: Bookkeeper['call'] = (method, path, body) =>
    app().call(method, path, { as: known(user), body });
  const answered = async (status: number, answer: Promise<Answer>): Promise<unknown> => {
    const { status: actual, body } = await answer;
    assert.equal(actual, status, JSON.stringify(body).slice(0, 500));
    return body;
  };

  return {
    user: () => known(user),
    call,
    get: (path) => answered(200, call('GET', path)),
    post: (path, body) => answered(201, call('POST', path, body)),
    async portfolio(settings = {}) {
      const { body } = await call('POST', '/v1/portfolios', { name: 'P', ...settings });
      return `/v1/portfolios/${body.id}`;
    },
    async price(prices) {
      const items = Object.entries(prices).map(([symbol, last]) => ({ symbol, price: last }));
      const channels = items.map(({ symbol }) => `ticker:${symbol}`).join(',');
      const stream = new StreamClient(`${app().url}/v1/streams?channels=${channels}`, {
        headers: { authorization: known(admin).authorization },
      });
      await stream.ready();
      await answered(200, app().call('POST', '/v1/market/ticks', { as: known(admin), body: { items } }));
      for (const { symbol, price: last } of items) {
        await stream.until(
          () => stream.of('ticker').findLast(({ data }) => data.symbol === symbol)?.data.price === last,
          `the price of ${symbol}`,
        );
      }
      stream.cut();
    },
    async closes(closes, interval = '1d') {
      const items = Object.entries(closes).flatMap(([symbol, days]) =>
        Object.entries(days).map(([date, close]) => ({
          symbol,
          interval,
          time: date.includes('T') ? date : `${date}T00:00:00Z`,
          open: close,
          high: close,
          low: close,
          close,
        })),
      );
      for (let at = 0; at < items.length; at += 500) {
        const body = { items: items.slice(at, at + 500) };
        const answer = await app().call('POST', '/v1/market/candles', { as: known(admin), body });
        assert.ok(answer.status < 300, JSON.stringify(answer.body).slice(0, 500));
      }
    },
  };
}

/** A source of numbers below `limit` that is the same in every run. */
export function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Trades and transfers of many kinds: fees of every sort, sales of more than is held, coins that come and go. */
export function randomEntries(
  seed: number,
  count: number,
  { start, stepMs, assets = ['BTC', 'ETH'] }: { start: number; stepMs: number; assets?: string[] },
): { trades: object[]; transfers: object[] } {
  const roll = dice(seed);
  const amount = (whole: number, places: number): string =>
    `${roll(whole)}.${String(1 + roll(10 ** places - 1)).padStart(places, '0')}`;
  const trades: object[] = [];
  const transfers: object[] = [
    { kind: 'deposit', asset: 'KRW', quantity: '50000000', time: new Date(start).toISOString() },
  ];
  for (let index = 1; index < count; index += 1) {
    const time = new Date(start + index * stepMs + roll(stepMs / 2)).toISOString();
    const asset = assets[roll(assets.length)];
    const quantity = amount(3, 8);
    if (roll(6) === 0) {
      const kind = ['deposit', 'withdrawal', 'income'][roll(3)];
      if (roll(2) === 0) transfers.push({ kind, asset: 'KRW', quantity: amount(1_000_000, 2), time });
      else transfers.push({ kind, asset, quantity: amount(1, 8), unitCost: amount(9_000, 3), time });
      continue;
    }
    const fee = [
      undefined,
      { amount: amount(1, 6), currency: 'KRW' },
      { amount: '0.00001', currency: asset },
    ][roll(3)];
    const side = roll(5) < 3 ? 'buy' : 'sell';
    trades.push({ symbol: `${asset}/KRW`, side, quantity, price: amount(9_000, 4), fee, time });
  }
  return { trades, transfers };
}
