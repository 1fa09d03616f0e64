import assert from 'node:assert/strict';
import { ZONES } from '../../lib/pnl/zones.ts';
import { bookkeeper, dice, randomEntries, sum, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Period {
  label: string;
  start: string;
  end: string;
  startEquity: string;
  endEquity: string;
  netFlows: string;
  pnl: string;
  rate: string | null;
  realizedPnl: { gross: string; net: string };
  unrealizedChange: string;
  fees: string;
  income: string;
  closed: boolean;
}

const AMOUNTS: ((period: Period) => string)[] = [
  (period) => period.pnl,
  (period) => period.netFlows,
  (period) => period.realizedPnl.net,
  (period) => period.realizedPnl.gross,
  (period) => period.unrealizedChange,
  (period) => period.fees,
  (period) => period.income,
];

function assertAddsUp(parts: readonly Period[], whole: Period, what: string): void {
  assert.ok(parts.length > 0, what);
  for (const amount of AMOUNTS) assert.equal(sum(parts.map(amount)), units(amount(whole)), what);
  assert.deepEqual(
    [parts[0]?.startEquity, parts.at(-1)?.endEquity, parts[0]?.start, parts.at(-1)?.end],
    [whole.startEquity, whole.endEquity, whole.start, whole.end],
    what,
  );
  parts.forEach((part, index) => {
    assert.equal(units(part.pnl), units(part.endEquity) - units(part.startEquity) - units(part.netFlows));
    assert.equal(
      units(part.pnl),
      units(part.realizedPnl.net) + units(part.unrealizedChange) + units(part.income),
    );
    if (index > 0) assert.equal(part.start, parts[index - 1]?.end, what);
  });
}

eachApp('PnL by periods', (app) => {
  const { call, get, post, portfolio, price, closes } = bookkeeper(app);

  const periods = async (path: string, query: string): Promise<Period[]> =>
    (await get(`${path}/pnl/periods?${query}`)).items;

  it('is what one gets with pencil and paper', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    await closes({ 'PP/KRW': { '2026-01-30': '100', '2026-01-31': '120', '2026-02-01': '90' } });
    await post(`${path}/transfers`, {
      items: [
        { kind: 'deposit', asset: 'KRW', quantity: '1000', time: '2026-01-31T09:00:00Z' },
        { kind: 'withdrawal', asset: 'KRW', quantity: '50', time: '2026-02-01T12:00:00Z' },
        { kind: 'income', asset: 'KRW', quantity: '5', time: '2026-02-01T13:00:00Z' },
      ],
    });
    const trade = { symbol: 'PP/KRW', fee: { amount: '1', currency: 'KRW' } };
    await post(`${path}/trades`, {
      items: [
        { ...trade, side: 'buy', quantity: '4', price: '101', time: '2026-01-31T10:00:00Z' },
        { ...trade, side: 'sell', quantity: '1', price: '110', time: '2026-02-01T10:00:00Z' },
      ],
    });
    const body = await get(`${path}/pnl/periods?from=2026-01-30&to=2026-02-02`);
    const [none, first, second, ...rest] = body.items;
    assert.deepEqual(rest, []);
    assert.deepEqual([none.startEquity, none.endEquity, none.pnl, none.rate], ['0', '0', '0', null]);
    // 1000 − 4 × 101 − 1 + 4 × 120
    assert.deepEqual(first, {
      label: '2026-01-31',
      start: '2026-01-31T00:00:00.000Z',
      end: '2026-02-01T00:00:00.000Z',
      startEquity: '0',
      endEquity: '1075',
      netFlows: '1000',
      pnl: '75',
      rate: '0.075',
      realizedPnl: { gross: '0', net: '0' },
      transferredPnl: '0',
      unrealizedChange: '75',
      fees: '1',
      income: '0',
      closed: true,
    });
    // Cash 595 + 109 − 50 + 5, coins 3 × 90. A quarter of 405 was sold for 110 − 1.
    assert.deepEqual(second, {
      label: '2026-02-01',
      start: '2026-02-01T00:00:00.000Z',
      end: '2026-02-02T00:00:00.000Z',
      startEquity: '1075',
      endEquity: '929',
      netFlows: '-50',
      pnl: '-96',
      rate: '-0.0893023256',
      realizedPnl: { gross: '9', net: '7.75' },
      transferredPnl: '0',
      unrealizedChange: '-108.75',
      fees: '1',
      income: '5',
      closed: true,
    });
    const { items: _, nextCursor, asOf: __, position: ___, portfolioId: ____, ...about } = body;
    assert.equal(nextCursor, null);
    assert.deepEqual(about, {
      baseCurrency: 'KRW',
      costMethod: 'average',
      timeZone: 'UTC',
      interval: 'day',
      total: {
        start: '2026-01-30T00:00:00.000Z',
        end: '2026-02-02T00:00:00.000Z',
        startEquity: '0',
        endEquity: '929',
        netFlows: '950',
        pnl: '-21',
        rate: '-0.021',
        realizedPnl: { gross: '9', net: '7.75' },
        transferredPnl: '0',
        unrealizedChange: '-33.75',
        fees: '2',
        income: '5',
      },
      warnings: [
        {
          code: 'undefined-rate',
          detail: 'In some periods nothing was invested that a rate could refer to.',
          figures: ['rate'],
        },
      ],
    });
  });

  it('adds up exactly: days to months, months to the year, in twenty zones and over every change of clocks', async () => {
    const path = await portfolio({ costMethod: 'fifo' });
    const start = Date.UTC(2024, 11, 28);
    const { trades, transfers } = randomEntries(3, 130, { start, stepMs: 3 * DAY });
    await post(`${path}/transfers`, { items: transfers });
    await post(`${path}/trades`, { items: trades });
    const roll = dice(5);
    const walk: Record<string, Record<string, string>> = { 'BTC/KRW': {}, 'ETH/KRW': {} };
    for (const days of Object.values(walk)) {
      for (let day = start - DAY; day < Date.UTC(2026, 0, 3); day += DAY) {
        days[new Date(day).toISOString().slice(0, 10)] = `${3000 + roll(3000)}.${1 + roll(99_999)}`;
      }
    }
    await closes(walk);
    /** Days that are not 24 hours long. */
    const oddDays: Record<string, string[]> = {
      'Asia/Seoul': [],
      'America/New_York': ['2025-03-09 23', '2025-11-02 25'],
      'Europe/London': ['2025-03-30 23', '2025-10-26 25'],
      'America/Havana': ['2025-03-09 23', '2025-11-02 25'],
      'Australia/Lord_Howe': ['2025-04-06 24.5', '2025-10-05 23.5'],
    };
    for (const zone of ZONES) {
      const query = `from=2025-01-01&to=2026-01-01&tz=${zone}`;
      const days = await periods(path, `interval=day&${query}`);
      assert.equal(days.length, 365, zone);
      const lengths = oddDays[zone];
      const odd = days.filter(({ start: a, end: b }) => Date.parse(b) - Date.parse(a) !== DAY);
      const found = odd.map(
        ({ label, start: a, end: b }) => `${label} ${(Date.parse(b) - Date.parse(a)) / HOUR}`,
      );
      assert.deepEqual(found, lengths ?? found, zone);
      const months = await periods(path, `interval=month&${query}`);
      assert.equal(months.length, 12);
      for (const month of months) {
        const own = days.filter(({ label }) => label.startsWith(month.label.slice(0, 7)));
        assertAddsUp(own, month, `${zone} ${month.label}`);
      }
      const [year, ...none] = await periods(path, `interval=year&${query}`);
      assert.ok(year !== undefined && none.length === 0);
      assertAddsUp(months, year, zone);
      if (lengths === undefined) continue;
      const { total } = await get(`${path}/pnl/periods?interval=day&${query}`);
      assertAddsUp(days, total, zone);
      const weeks = await periods(path, `interval=week&${query}`);
      for (const week of weeks.slice(1, -1)) {
        assertAddsUp(
          days.filter((day) => day.start >= week.start && day.start < week.end),
          week,
          zone,
        );
        assert.equal(new Date(week.label).getUTCDay(), 1, 'weeks begin on Monday');
      }
      // The method moves what is realised, never what was earned.
      const other = await periods(path, `interval=month&${query}&costMethod=hifo`);
      assert.deepEqual(
        other.map(({ pnl }) => pnl),
        months.map(({ pnl }) => pnl),
      );
    }
  });

  it('of today is the day of the live figures', async () => {
    const path = await portfolio();
    const now = Date.now();
    await post(`${path}/transfers`, {
      kind: 'deposit',
      asset: 'KRW',
      quantity: '1000',
      time: now - 40 * DAY,
    });
    const buy = { symbol: 'NOWC/KRW', side: 'buy', quantity: '2', price: '100' };
    await post(`${path}/trades`, { ...buy, time: now - 39 * DAY });
    await post(`${path}/trades`, { ...buy, price: '105', time: now });
    await price({ 'NOWC/KRW': '130' });
    const body = await get(`${path}/pnl/periods`);
    const pnl = await get(`${path}/pnl`);
    const today = body.items.at(-1);
    assert.equal(today.closed, false);
    assert.deepEqual([today.pnl, today.startEquity, today.rate], [pnl.day.pnl, pnl.day.start, pnl.day.rate]);
    assert.deepEqual([today.endEquity, body.total.pnl], [pnl.equity, pnl.totalPnl]);
    assert.equal(body.total.netFlows, pnl.netContributions);
    assert.ok(body.items.slice(0, -1).every(({ closed }: Period) => closed));
    assert.equal(body.items.length, 41, 'it begins with the first entry');
    assert.equal(body.timeZone, 'Asia/Seoul');
  });

  it('is restated by what comes in late', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    await closes({ 'LATE/KRW': { '2026-02-01': '100', '2026-02-02': '110', '2026-02-03': '120' } });
    const buy = { symbol: 'LATE/KRW', side: 'buy', quantity: '1', price: '100' };
    await post(`${path}/trades`, { ...buy, time: '2026-02-03T01:00:00Z' });
    const span = 'from=2026-02-02&to=2026-02-04';
    const pnls = async (): Promise<string[]> => (await periods(path, span)).map(({ pnl }) => pnl);
    assert.deepEqual(await pnls(), ['0', '20']);
    const { id } = await post(`${path}/trades`, { ...buy, time: '2026-02-02T01:00:00Z' });
    assert.deepEqual(await pnls(), ['10', '30']);
    assert.equal((await call('PATCH', `${path}/trades/${id}`, { quantity: '3' })).status, 200);
    assert.deepEqual(await pnls(), ['30', '50']);
    assert.equal((await call('DELETE', `${path}/trades/${id}`)).status, 204);
    assert.deepEqual(await pnls(), ['0', '20']);
    await closes({ 'LATE/KRW': { '2026-02-03': '90' } });
    assert.deepEqual(await pnls(), ['0', '-10']);
  });

  it('does not make up a price or a rate: null, and a warning that names what is missing', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    await post(`${path}/transfers`, {
      kind: 'deposit',
      asset: 'UNSEEN',
      quantity: '1',
      time: '2026-02-02T01:00:00Z',
    });
    await closes({ 'UNSEEN/KRW': { '2026-02-03': '50' } });
    const body = await get(`${path}/pnl/periods?from=2026-02-01&to=2026-02-05`);
    const ends = body.items.map(({ endEquity }: Period) => endEquity);
    assert.deepEqual(ends, ['0', null, '50', '50']);
    assert.deepEqual(
      body.items.map(({ pnl }: Period) => pnl),
      ['0', null, null, null],
      'what came in had no price then',
    );
    const codes = body.warnings.map(({ code }: { code: string }) => code);
    assert.deepEqual(codes, ['missing-price', 'missing-rate', 'undefined-rate']);
    const [noPrice, noRate] = body.warnings;
    assert.equal(noPrice.asset, 'UNSEEN');
    assert.match(noPrice.detail, /2026-02-03T00:00:00\.000Z/);
    assert.deepEqual([noRate.asset, noRate.count, noRate.entries.length], ['UNSEEN', 1, 1]);
    assert.ok(noRate.figures.includes('netFlows'));
    assert.doesNotMatch(JSON.stringify(body), /NaN|Infinity/);
  });

  it('of an empty portfolio is nothing', async () => {
    const path = await portfolio();
    const body = await get(`${path}/pnl/periods?interval=month`);
    assert.equal(body.items.length, 1);
    assert.deepEqual([body.items[0].pnl, body.items[0].rate], ['0', null]);
    const none = await get(`${path}/pnl/periods?from=2026-01-01&to=2026-01-01`);
    assert.deepEqual([none.items, none.total], [[], null]);
  });

  it('takes times with an offset, epoch milliseconds, and what the clocks of the zone show', async () => {
    const path = await portfolio();
    const labels = async (query: string): Promise<string[]> =>
      (await periods(path, query)).map(({ start }) => start);
    const day = ['2026-03-07T15:00:00.000Z'];
    for (const query of [
      'from=2026-03-08&to=2026-03-09',
      'from=2026-03-08T00:00&to=2026-03-08T23:59:59.999',
      'from=2026-03-07T15:00:00Z&to=2026-03-08T15:00:00Z',
      'from=2026-03-08T00:00:00%2B09:00&to=2026-03-08T12:00:00%2B09:00',
      `from=${Date.UTC(2026, 2, 7, 15)}&to=${Date.UTC(2026, 2, 7, 16)}`,
    ]) {
      assert.deepEqual(await labels(query), day, query);
    }
    // Clocks are put back at two: of the two hours from one on, the first is meant. New year's day has no first hour in Cairo's summer.
    const zoned = await labels('from=2026-11-01T01:30&to=2026-11-02&tz=America/New_York&interval=day');
    assert.deepEqual(zoned, ['2026-11-01T04:00:00.000Z']);
    // A day without midnight begins at its first instant.
    assert.deepEqual(await labels('from=2026-03-08&to=2026-03-09&tz=America/Havana'), [
      '2026-03-08T05:00:00.000Z',
    ]);
  });

  it('is refused, by name, of times that are none', async () => {
    const path = await portfolio();
    const ahead = new Date(Date.now() + 3 * DAY).toISOString();
    for (const view of ['pnl/periods', 'series', 'performance']) {
      for (const [query, name] of [
        ['from=2026-03-08T02:30&tz=America/New_York', 'from'],
        ['to=2026-03-08T02:30:00&tz=America/New_York', 'to'],
        ['from=2026-03-08T00:30&tz=America/Havana', 'from'],
        ['from=2025-03-30T01:30&tz=Europe/London', 'from'],
        ['from=2011-12-30&tz=Pacific/Apia', 'from'],
        ['from=2011-12-30T12:00&tz=Pacific/Apia', 'from'],
        ['from=2026-03-02&to=2026-03-01', 'from'],
        ['from=2026-03-01T00:00:00.001Z&to=2026-03-01T00:00:00Z', 'from'],
        [`from=${ahead}`, 'from'],
        ['from=9999-12-31', 'from'],
        ['to=9999-12-31', 'to'],
        ['to=9999999999999999', 'to'],
        ['from=8640000000000001', 'from'],
        ['from=2026-02-30', 'from'],
        ['from=2026-13-01', 'from'],
        ['from=2026-03-01T24:00', 'from'],
        ['from=yesterday', 'from'],
        ['from=', 'from'],
        ['from=-1', 'from'],
        ['from=1e3', 'from'],
        ['from=1969-12-31T23:59:59Z', 'from'],
        ['from=+010000-01-01T00:00:00Z', 'from'],
        ['from=2026-03-01&from=2026-03-02', 'from'],
        ['tz=Mars/Olympus', 'tz'],
        ['tz=', 'tz'],
        ['tz=%2B09:00', 'tz'],
        [`tz=${'A'.repeat(5_000)}`, 'tz'],
        ['costMethod=best', 'costMethod'],
      ] as const) {
        const answer = await call('GET', `${path}/${view}?${query}`);
        assertProblem(answer, 400, 'invalid-request', `${view}?${query}`);
        assertNames(answer, [name], `${view}?${query}`);
      }
    }
    for (const [query, name] of [
      ['pnl/periods?interval=hour', 'interval'],
      ['pnl/periods?interval=', 'interval'],
      ['pnl/periods?from=2020-01-01&to=2026-01-01', 'from'],
      ['series?interval=second', 'interval'],
      ['series?interval=minute&from=2026-01-01&to=2026-02-01', 'from'],
      ['series?interval=minute&from=1970-01-01', 'from'],
      ['series?interval=day&from=1971-01-01', 'from'],
      ['series?points=2', 'points'],
      ['series?points=5001', 'points'],
      ['series?points=1.5', 'points'],
      ['series?format=csv', 'format'],
      ['series?metric=beta', 'metric'],
      ['performance?benchmark=BTC', 'benchmark'],
      ['performance?periodsPerYear=0', 'periodsPerYear'],
      ['performance?periodsPerYear=NaN', 'periodsPerYear'],
      ['performance?riskFree=-1', 'riskFree'],
      ['performance?riskFree=1e9', 'riskFree'],
      ['performance?riskFree=11', 'riskFree'],
    ] as const) {
      const answer = await call('GET', `${path}/${query}`);
      assertProblem(answer, 400, 'invalid-request', query);
      assertNames(answer, [name], query);
    }
  });
});
