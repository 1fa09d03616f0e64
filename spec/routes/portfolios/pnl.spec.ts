import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Answer, TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

/** Exact arithmetic of its own, in units of 10⁻³⁰: nothing of the code under test. */
const PLACES = 30n;
const UNIT = 10n ** PLACES;

function units(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  const digits = BigInt(whole.replace('-', '') + fraction.padEnd(Number(PLACES), '0'));
  return whole.startsWith('-') ? -digits : digits;
}

function text(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(Number(PLACES) + 1, '0');
  const fraction = digits.slice(-Number(PLACES)).replace(/0+$/, '');
  const whole = digits.slice(0, -Number(PLACES));
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

const times = (a: bigint, b: bigint): bigint => (a * b) / UNIT;

interface Fill {
  externalId: string;
  exchange: string;
  symbol: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  fee: { amount: string; currency: string };
  time: number;
}

/** What an exchange recorded, as fills of one trader, with a fee of a thousandth in the quote. */
function recordedFills(): Fill[] {
  const file = new URL('../../fixtures/binance-ETH-USDT-trades-2023-02-02.csv', import.meta.url);
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [time = '', id = '', side = '', price = '', quantity = ''] = line.split(',');
    return {
      externalId: id,
      exchange: 'binance',
      symbol: 'ETH/USDT',
      side: side as 'buy' | 'sell',
      quantity,
      price,
      fee: { amount: text(times(units(quantity), units(price)) / 1000n), currency: 'USDT' },
      time: Number(time),
    };
  });
}

/** Moving average cost, from the definition. */
function averageCost(fills: readonly Fill[], start: { cash: bigint; quantity: bigint; cost: bigint }) {
  let { cash, quantity, cost } = start;
  let plain = start.cost;
  let [gross, net, fees] = [0n, 0n, 0n];
  for (const fill of fills) {
    const [amount, price, fee] = [units(fill.quantity), units(fill.price), units(fill.fee.amount)];
    const value = times(amount, price);
    fees += fee;
    if (fill.side === 'buy') {
      cash -= value + fee;
      cost += value + fee;
      plain += value;
      quantity += amount;
    } else {
      const sold = (cost * amount) / quantity;
      const soldPlain = (plain * amount) / quantity;
      net += value - fee - sold;
      gross += value - soldPlain;
      cash += value - fee;
      cost -= sold;
      plain -= soldPlain;
      quantity -= amount;
    }
  }
  return { cash, quantity, cost, plain, gross, net, fees };
}

/** A thousand roundings at the 18th decimal may add up to a few at the 15th. */
function assertClose(actual: string, expected: bigint, what: string): void {
  const difference = units(actual) - expected;
  const limit = 10n ** (PLACES - 14n);
  assert.ok(difference < limit && -difference < limit, `${what}: ${actual}, expected ${text(expected)}`);
}

const DAY = Date.UTC(2023, 1, 2);

eachApp(
  'PnL',
  (app) => {
    let user: TestUser;
    let admin: TestUser;
    const call = (method: string, where: string, body?: unknown): Promise<Answer> =>
      app().call(method, where, { as: user, body });
    const portfolio = async (settings: object): Promise<string> => {
      const { status, body } = await call('POST', '/v1/portfolios', { name: 'P', ...settings });
      assert.equal(status, 201);
      return `/v1/portfolios/${body.id}`;
    };
    const post = async (path: string, body: unknown): Promise<void> => {
      const answer = await call('POST', path, body);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
    };

    /** Pushes prices and resolves when the market has them. */
    const price = async (prices: Record<string, string>): Promise<void> => {
      const stream = new StreamClient(
        `${app().url}/v1/streams?channels=${Object.keys(prices)
          .map((symbol) => `ticker:${symbol}`)
          .join(',')}`,
        { headers: { authorization: admin.authorization } },
      );
      await stream.ready();
      const items = Object.entries(prices).map(([symbol, last]) => ({ symbol, price: last }));
      const pushed = await app().call('POST', '/v1/market/ticks', { as: admin, body: { items } });
      assert.deepEqual([pushed.status, pushed.body], [200, { accepted: items.length }]);
      for (const { symbol, price: last } of items) {
        await stream.until(
          () => stream.of('ticker').findLast(({ data }) => data.symbol === symbol)?.data.price === last,
          `the price of ${symbol}`,
        );
      }
      stream.cut();
    };

    before(async () => {
      user = await app().user();
      admin = await app().user('admin');
    });

    it('is what one gets with pencil and paper', async () => {
      const path = await portfolio({});
      const time = (hour: number): string => new Date(Date.UTC(2026, 2, 1, hour)).toISOString();
      await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '20000000', time: time(0) });
      const fill = (side: string, quantity: string, at: string, fee: string, hour: number): object => ({
        symbol: 'BTC/KRW',
        side,
        quantity,
        price: at,
        fee: { amount: fee, currency: 'KRW' },
        time: time(hour),
      });
      await post(`${path}/trades`, fill('buy', '0.5', '10000000', '2500', 1));
      await post(`${path}/trades`, fill('buy', '0.5', '12000000', '3000', 2));
      await post(`${path}/trades`, fill('sell', '0.4', '15000000', '3000', 3));
      await price({ 'BTC/KRW': '14000000' });
      const { status, body } = await call('GET', `${path}/pnl`);
      assert.equal(status, 200);
      const { portfolioId: _p, asOf: _a, position: _q, day: _d, warnings: _w, unvalued, ...figures } = body;
      assert.deepEqual(unvalued, []);
      assert.deepEqual(figures, {
        baseCurrency: 'KRW',
        costMethod: 'average',
        equity: '23391500',
        cash: '14991500',
        marketValue: '8400000',
        costBasis: '6603300',
        netContributions: '20000000',
        unrealizedPnl: '1796700',
        unrealizedRate: figures.unrealizedRate,
        realizedPnl: { gross: '1600000', net: '1594800' },
        fees: '8500',
        income: '0',
        transferredPnl: '0',
        totalPnl: '3391500',
      });
      assert.match(figures.unrealizedRate, /^0\.27209122/);
      const { body: holdings } = await call('GET', `${path}/holdings`);
      assert.equal(holdings.nextCursor, null);
      const [btc] = holdings.items.filter(({ asset }: { asset: string }) => asset === 'BTC');
      assert.match(btc.weight, /^0\.35910480/);
      assert.match(btc.markTime, /^20\d\d-.*Z$/);
      assert.deepEqual(
        { ...btc, markTime: 0, weight: 0, unrealizedRate: 0 },
        {
          asset: 'BTC',
          symbol: 'BTC/KRW',
          quantity: '0.6',
          averagePrice: '11000000',
          costBasis: '6603300',
          markPrice: '14000000',
          markTime: 0,
          path: ['BTC/KRW'],
          marketValue: '8400000',
          weight: 0,
          unrealizedPnl: '1796700',
          unrealizedRate: 0,
          realizedPnl: { gross: '1600000', net: '1594800' },
        },
      );
      const [krw] = holdings.items.filter(({ asset }: { asset: string }) => asset === 'KRW');
      assert.equal(krw.quantity, '14991500');
    });

    it('of a thousand recorded fills is an independent sum, digit for digit', async () => {
      const fills = recordedFills();
      assert.equal(fills.length, 1000);
      const path = await portfolio({ baseCurrency: 'USDT', timeZone: 'UTC' });
      await post(`${path}/transfers`, {
        items: [
          { kind: 'deposit', asset: 'USDT', quantity: '50000000', time: DAY },
          { kind: 'deposit', asset: 'ETH', quantity: '20000', unitCost: '1600.5', time: DAY },
        ],
      });
      await post(`${path}/trades`, { items: fills });
      const start = { cash: units('50000000'), quantity: units('20000'), cost: units('32010000') };
      const expected = averageCost(fills, start);
      for (const last of ['1672.37', '0.00000001', '123456789.123456789']) {
        await price({ 'ETH/USDT': last });
        const { body: pnl } = await call('GET', `${path}/pnl`);
        const marketValue = times(expected.quantity, units(last));
        const equity = expected.cash + marketValue;
        const contributions = units('50000000') + units('32010000');
        assert.equal(pnl.cash, text(expected.cash));
        assert.equal(pnl.marketValue, text(marketValue));
        assert.equal(pnl.equity, text(equity));
        assert.equal(pnl.netContributions, text(contributions));
        assert.equal(pnl.fees, text(expected.fees));
        assert.equal(pnl.income, '0');
        assert.equal(pnl.totalPnl, text(equity - contributions));
        assertClose(pnl.costBasis, expected.cost, 'cost basis');
        assertClose(pnl.realizedPnl.net, expected.net, 'net realised');
        assertClose(pnl.realizedPnl.gross, expected.gross, 'gross realised');
        assertClose(pnl.unrealizedPnl, marketValue - expected.cost, 'unrealised');
        // The ledger identity holds to the last digit.
        assert.equal(
          units(pnl.realizedPnl.net) + units(pnl.unrealizedPnl),
          units(pnl.equity) - units(pnl.netContributions),
        );
        const { body: holdings } = await call('GET', `${path}/holdings`);
        const of = (asset: string): Record<string, string> =>
          holdings.items.find((item: { asset: string }) => item.asset === asset);
        assert.equal(of('ETH')['quantity'], text(expected.quantity));
        assert.equal(of('ETH')['markPrice'], last);
        assert.equal(of('ETH')['marketValue'], pnl.marketValue);
        assert.equal(of('ETH')['costBasis'], pnl.costBasis);
        assertClose(of('ETH')['averagePrice'] ?? '', (expected.plain * UNIT) / expected.quantity, 'average');
        assert.equal(of('USDT')['quantity'], pnl.cash);
        assert.equal(holdings.items.length, 2);
      }
    });

    it('of the same fills in any order and any batches is the same', async () => {
      const fills = recordedFills().slice(0, 120);
      const deposit = {
        items: [
          { kind: 'deposit', asset: 'USDT', quantity: '5000000', time: DAY },
          { kind: 'deposit', asset: 'ETH', quantity: '2000', unitCost: '1600', time: DAY },
        ],
      };
      await price({ 'ETH/USDT': '1650.01' });
      const bodies: Record<string, unknown>[] = [];
      const all = [fills, [...fills].reverse(), [...fills.slice(60), ...fills.slice(0, 60)]];
      for (const [index, order] of all.entries()) {
        const path = await portfolio({ baseCurrency: 'USDT' });
        if (index !== 1) await post(`${path}/transfers`, deposit);
        const size = [120, 17, 40][index] ?? 1;
        for (let at = 0; at < order.length; at += size) {
          await post(`${path}/trades`, { items: order.slice(at, at + size) });
        }
        if (index === 1) await post(`${path}/transfers`, deposit);
        const {
          portfolioId: _p,
          position: _q,
          asOf: _a,
          ...figures
        } = (await call('GET', `${path}/pnl`)).body;
        bodies.push(figures);
      }
      assert.ok(bodies.every(({ equity }) => typeof equity === 'string'));
      assert.deepEqual(bodies[1], bodies[0]);
      assert.deepEqual(bodies[2], bodies[0]);
    });

    it('does not make up what is not known: null, and a warning that says why', async () => {
      const path = await portfolio({});
      const trade = {
        symbol: 'NEW/XYZ',
        side: 'buy',
        quantity: '1',
        price: '2',
        time: '2026-03-01T00:00:00Z',
      };
      await post(`${path}/trades`, trade);
      const { status, body } = await call('GET', `${path}/pnl`);
      assert.equal(status, 200);
      assert.equal(body.equity, null);
      assert.equal(body.totalPnl, null);
      assert.ok(body.warnings.some(({ code }: { code: string }) => code === 'missing-rate'));
      assert.doesNotMatch(JSON.stringify(body), /NaN|Infinity/);
    });

    it('of an empty portfolio is zero', async () => {
      const path = await portfolio({});
      const { status, body } = await call('GET', `${path}/pnl`);
      assert.equal(status, 200);
      for (const figure of ['equity', 'cash', 'marketValue', 'costBasis', 'totalPnl', 'fees'])
        assert.equal(body[figure], '0', figure);
      assert.deepEqual((await call('GET', `${path}/holdings`)).body.items, []);
    });

    it('takes no parameter it does not know', async () => {
      const path = await portfolio({});
      for (const view of ['pnl', 'holdings']) {
        const answer = await call('GET', `${path}/${view}?colour=red`);
        assertProblem(answer, 400, 'invalid-request', view);
        assertNames(answer, ['colour'], view);
      }
    });

    it('of REST and of the stream agree digit for digit at equal positions', async () => {
      const path = await portfolio({ baseCurrency: 'USDT' });
      const portfolioId = path.split('/').at(-1) ?? '';
      await post(`${path}/transfers`, { kind: 'deposit', asset: 'USDT', quantity: '1000000', time: DAY });
      await price({ 'ETH/USDT': '1666.8' });
      const stream = new StreamClient(`${app().url}/v1/streams/pnl?portfolioId=${portfolioId}`, {
        headers: { authorization: user.authorization },
      });
      await stream.ready();
      const answers: Record<string, unknown>[] = [];
      for (const [index, fill] of recordedFills().slice(0, 15).entries()) {
        await post(`${path}/trades`, { ...fill, side: index % 3 === 2 ? 'sell' : 'buy', quantity: '0.5' });
        await price({ 'ETH/USDT': `16${50 + index}.${index}1` });
        const { body } = await call('GET', `${path}/pnl`);
        // Candles move the position too, and no figure: the event may stand a little before.
        const digits = ({ position: _p, asOf: _a, ...rest }: Record<string, unknown>): string =>
          JSON.stringify(rest);
        await stream.until(
          () => stream.of('pnl').some(({ data }) => digits(data) === digits(body)),
          `the event to\n${JSON.stringify(body)}\nlast ${JSON.stringify(stream.of('pnl').at(-1)?.data)}\n`,
        );
        answers.push(body);
      }
      const events = stream.of('pnl').map(({ data }) => data);
      const pairs = answers.flatMap((answer) =>
        events.filter(({ position }) => position === answer['position']).map((event) => [event, answer]),
      );
      assert.ok(pairs.length > 0, 'some were at equal positions');
      for (const [event, answer] of pairs) assert.deepEqual(event, answer);
      assert.equal(stream.of('fill').length, 15);
      stream.cut();
    });
  },
  { env: { PNL_INTERVAL_MS: '10' } },
);
