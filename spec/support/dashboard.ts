import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Page } from 'playwright-core';

/** One who keeps books over HTTP beside the page, to compare it with. */
export interface Desk {
  url: string;
  /** Ready to be sent. */
  authorization: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  ask(method: string, path: string, body?: unknown): Promise<any>;
  /** Pushes prices. */
  push(prices: Record<string, string>): Promise<void>;
}

export function deskOf(url: string, authorization: string): Desk {
  const ask: Desk['ask'] = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    assert.ok(response.ok, `${method} ${path} → ${response.status} ${answer.slice(0, 300)}`);
    return answer === '' ? null : JSON.parse(answer);
  };
  return {
    url,
    authorization,
    ask,
    async push(prices) {
      const items = Object.entries(prices).map(([symbol, price]) => ({ symbol, price, quantity: '1' }));
      await ask('POST', '/v1/market/ticks', { items });
    },
  };
}

const DAY_MS = 86_400_000;

/** A funded portfolio with some coins, and a month of Bitcoin's past. @returns its id */
export async function tradedPortfolio(desk: Desk, settings: object = {}): Promise<string> {
  await desk.push({ 'BTC/KRW': '150000000', 'ETH/KRW': '5000000', 'XRP/KRW': '3900' });
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const closes = Array.from({ length: 30 }, (_, index) => {
    const close = String(140_000_000 + ((index * 7) % 11) * 1_000_000);
    const time = midnight - (index + 1) * DAY_MS;
    return { symbol: 'BTC/KRW', interval: '1d', time, open: close, high: close, low: close, close };
  });
  await desk.ask('POST', '/v1/market/candles', { items: closes });
  const { id } = await desk.ask('POST', '/v1/portfolios', { name: 'Books', ...settings });
  const time = (daysAgo: number): string => new Date(Date.now() - daysAgo * DAY_MS).toISOString();
  await desk.ask('POST', `/v1/portfolios/${id}/transfers`, {
    kind: 'deposit',
    asset: 'KRW',
    quantity: '50000000',
    time: time(20),
  });
  const fill = (symbol: string, side: string, quantity: string, price: string, daysAgo: number): object => ({
    externalId: `${symbol}-${side}-${daysAgo}`,
    exchange: 'upbit',
    symbol,
    side,
    quantity,
    price,
    fee: { amount: '1250.5', currency: 'KRW' },
    time: time(daysAgo),
  });
  await desk.ask('POST', `/v1/portfolios/${id}/trades`, {
    items: [
      fill('BTC/KRW', 'buy', '0.1', '147500000', 15),
      fill('ETH/KRW', 'buy', '2.5', '5050000', 12),
      fill('XRP/KRW', 'buy', '1000', '3720', 9),
      fill('BTC/KRW', 'sell', '0.02', '152300000', 4),
    ],
  });
  return id;
}

interface Login {
  email: string;
  password: string;
}

/** Signs in by the form. Resolves when the page is live. */
export async function signInByForm(page: Page, url: string, { email, password }: Login): Promise<void> {
  await page.goto(url);
  await page.locator('#email').fill(email);
  await page.locator('#password').fill(password);
  await page.locator('#password').press('Enter');
  await isIn(page, 'live');
}

/** Logs in without the form, which would load the page twice, and opens it. Resolves when the page is live. */
export async function signIn(page: Page, url: string, { email, password }: Login): Promise<void> {
  const base = url.replace(/\/?(#.*)?$/, '');
  const response = await page.context().request.post(`${base}/v1/auth/login`, { data: { email, password } });
  assert.equal(response.status(), 200, await response.text());
  await page.goto(url);
  await isIn(page, 'live');
}

/** Resolves when the page says that its connection is in this state. */
export async function isIn(page: Page, state: string): Promise<void> {
  await page.locator(`#connection[data-state="${state}"]`).waitFor();
}

/** Every digit of a figure on the page stands in its title. */
const READ = `(() => {
  const digits = (node) => (node === null || node.textContent === '—' ? null : node.title);
  const first = (id) => digits(document.querySelector('#' + id + ' > span'));
  const second = (id) => digits(document.querySelector('#' + id + ' > small'));
  return {
    equity: first('equity'),
    cash: first('cash'),
    contributions: first('contributions'),
    dayPnl: first('day-pnl'),
    dayRate: second('day-pnl'),
    unrealized: first('unrealized'),
    unrealizedRate: second('unrealized'),
    realized: first('realized'),
  };
})()`;

const READ_HOLDINGS = `Object.fromEntries([...document.querySelectorAll('#holding-rows tr')].map((row) => {
  const cells = [...row.cells].slice(1).map((cell) => [...cell.querySelectorAll('[title]')]
    .concat(cell.title ? [cell] : []).map((node) => node.title));
  return [row.dataset.asset, cells.flat()];
}))`;

// oxlint-disable-next-line typescript/no-explicit-any -- a body of the API
function totalsOf(pnl: any): Record<string, string | null> {
  return {
    equity: pnl.equity,
    cash: pnl.cash,
    contributions: pnl.netContributions,
    dayPnl: pnl.day.pnl,
    dayRate: pnl.day.rate,
    unrealized: pnl.unrealizedPnl,
    unrealizedRate: pnl.unrealizedRate,
    realized: pnl.realizedPnl.net,
  };
}

/** The cells of a row, in order. What a unit of the base currency costs and gains is not shown. */
// oxlint-disable-next-line typescript/no-explicit-any -- a body of the API
function cellsOf(item: any, baseCurrency: string): string[] {
  const { marketValue, weight, markPrice, quantity, averagePrice } = item;
  if (item.asset === baseCurrency) return [marketValue, weight, quantity];
  const { unrealizedPnl, unrealizedRate, realizedPnl } = item;
  return [
    marketValue,
    weight,
    unrealizedPnl,
    unrealizedRate,
    markPrice,
    quantity,
    averagePrice,
    realizedPnl.net,
  ];
}

const PATIENCE_MS = 15_000;

/** Asserts that all figures of the page are those of the API, digit for digit, once both have heard of everything. */
export async function assertSameAsRest(page: Page, desk: Desk, portfolioId: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const pnl = await desk.ask('GET', `/v1/portfolios/${portfolioId}/pnl`);
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/holdings`);
    const shown = await page.evaluate(`({ totals: ${READ}, holdings: ${READ_HOLDINGS} })`);
    const answered = {
      totals: totalsOf(pnl),
      // oxlint-disable-next-line typescript/no-explicit-any -- a body of the API
      holdings: Object.fromEntries(items.map((item: any) => [item.asset, cellsOf(item, pnl.baseCurrency)])),
    };
    if (isDeepStrictEqual(shown, answered)) return;
    if (Date.now() > deadline) assert.deepEqual(shown, answered);
  }
}
