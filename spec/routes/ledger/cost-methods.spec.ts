import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { COST_METHODS } from '../../../lib/pnl/ledger/cost-method.ts';
import { eventually } from '../../support/eventually.ts';
import { bookkeeper, dice, randomEntries } from '../../support/routes/bookkeeper.ts';
import { CostOracle, distance, fraction, type OracleTrade } from '../../support/routes/cost-oracle.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames } from '../../support/routes/problems.ts';

const DAY = 86_400_000;
const START = Date.UTC(2025, 0, 10);
const DAYS = 12;

eachApp('ledgers over HTTP', (app) => {
  const book = bookkeeper(app);
  const { get, post, portfolio } = book;
  /** By day: the close of the day before. */
  const rates = Array.from({ length: DAYS }, (_, day) => ({
    CMB: String(90_000_000 + 1_250_000 * ((day * 7) % 5)),
    CMN: String(800_000 + 12_345 * ((day * 3) % 7)),
    KRW: '1',
  }));

  before(async () => {
    const closesOf = (asset: 'CMB' | 'CMN'): Record<string, string> =>
      Object.fromEntries(
        rates.map((rate, day) => [new Date(START + (day - 1) * DAY).toISOString().slice(0, 10), rate[asset]]),
      );
    await book.closes({ 'CMB/KRW': closesOf('CMB'), 'CMN/KRW': closesOf('CMN') });
  });

  /** Fills of coins for money and of coins for coins, with fees in all of them, that sell no more than there is. */
  function randomFills(seed: number, count: number): OracleTrade[] {
    const roll = dice(seed);
    const pick = <T>(...list: T[]): T => list[roll(list.length)] as T;
    return Array.from({ length: count }, (_, index): OracleTrade => {
      const day = Math.floor((index * DAYS) / count);
      const [base, quote, price] = pick(
        ['CMB', 'KRW', `${88_000_000 + roll(9_000_000)}.${roll(99)}`] as const,
        ['CME', 'KRW', `${3_000_000 + roll(400_000)}`] as const,
        ['CME', 'CMB', `0.03${1 + roll(8_999)}`] as const,
      );
      return {
        base,
        quote,
        side: pick('buy', 'buy', 'sell'),
        quantity: `0.0${1 + roll(9_999)}`,
        price,
        fee: pick(
          null,
          { amount: `0.00000${1 + roll(99)}`, currency: base },
          { amount: quote === 'KRW' ? '12.34' : '0.0000017', currency: quote },
          { amount: '0.00031', currency: 'CMN' },
          { amount: '7', currency: 'KRW' },
        ),
        rates: rates[day] ?? {},
      };
    });
  }

  it('have the cost and the PnL of an oracle of fractions, under every method', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const fills = randomFills(seed, 60);
        const path = await portfolio({ timeZone: 'UTC' });
        const deposits = [
          { kind: 'deposit', asset: 'KRW', quantity: '50000000', time: START - 3_000 },
          { kind: 'deposit', asset: 'CMB', quantity: '3', unitCost: '91000000.5', time: START - 2_000 },
          { kind: 'deposit', asset: 'CME', quantity: '7', unitCost: '3100000', time: START - 1_000 },
          { kind: 'deposit', asset: 'CMN', quantity: '5', unitCost: '790000', time: START - 500 },
        ];
        await post(`${path}/transfers`, { items: deposits });
        const step = (DAYS * DAY) / fills.length;
        const items = fills.map(({ base, quote, side, quantity, price, fee }, index) => ({
          side,
          quantity,
          price,
          ...(fee === null ? {} : { fee }),
          symbol: `${base}/${quote}`,
          time: START + index * step + 1_000,
        }));
        await post(`${path}/trades`, { items });
        for (const costMethod of COST_METHODS) {
          const oracle = new CostOracle(costMethod, 'KRW');
          for (const { asset, quantity, unitCost } of deposits) {
            const cost = fraction(String(Number(quantity) * Number(unitCost ?? 1)));
            oracle.receive(asset, fraction(quantity), cost);
          }
          for (const fill of fills) oracle.trade(fill);
          const pnl = await get(`${path}/pnl?costMethod=${costMethod}`);
          assert.equal(distance(pnl.cash, oracle.cash), 0, 'cash is exact');
          for (const asset of ['CMB', 'CME', 'CMN']) {
            const { items: explained } = await get(
              `${path}/pnl/explain?asset=${asset}&costMethod=${costMethod}`,
            );
            const { quantity, costBasis, realizedPnl } = explained[0];
            const where = `${costMethod} ${asset}, seed ${seed}`;
            assert.equal(distance(quantity, oracle.quantity(asset)), 0, where);
            // Each entry rounds a few products in their eighteenth place.
            for (const [name, figure, expected] of [
              ['cost', costBasis, oracle.cost(asset)],
              ['realised', realizedPnl.net, oracle.realised(asset)],
            ] as const) {
              const off = distance(figure, expected);
              assert.ok(off <= 10 * fills.length, `${name}, ${where}: ${off} units of 10⁻¹⁸ off`);
            }
          }
        }
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });

  it('are the same to the byte in whatever order, batches and repetitions entries arrive', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 15 }), async (seed, size) => {
        const { trades, transfers } = randomEntries(seed, 40, { start: START, stepMs: 3 * 3_600_000 });
        const roll = dice(seed + 1);
        const named = (entries: object[], kind: string): { kind: string; body: object }[] =>
          entries.map((entry, index) => ({ kind, body: { ...entry, externalId: `${kind}-${index}` } }));
        const all = [...named(transfers, 'transfers'), ...named(trades, 'trades')];
        const whole = await portfolio({ timeZone: 'UTC' });
        for (const kind of ['transfers', 'trades']) {
          const items = all.filter((one) => one.kind === kind).map(({ body }) => body);
          await post(`${whole}/${kind}`, { items });
        }
        const pieces = await portfolio({ timeZone: 'UTC' });
        // Every fifth comes twice, somewhere.
        const shuffled = [...all, ...all.filter((_, index) => index % 5 === 0)]
          .map((one) => ({ one, key: roll(1_000_000) }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        for (let at = 0; at < shuffled.length; at += size) {
          for (const kind of ['transfers', 'trades']) {
            const items = shuffled
              .slice(at, at + size)
              .filter((one) => one.kind === kind)
              .map(({ body }) => body);
            if (items.length === 0) continue;
            const { status } = await book.call('POST', `${pieces}/${kind}`, { items });
            assert.ok(status === 201 || status === 200, `${status}`);
          }
        }
        assert.equal(await told(pieces), await told(whole), `seed ${seed}, batches of ${size}`);
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });

  /** All that is told of a portfolio, with ids of the source instead of ours. */
  async function told(path: string): Promise<string> {
    const texts: string[] = [];
    for (const costMethod of COST_METHODS) {
      for (const view of [
        'pnl?',
        'holdings?',
        'lots?',
        'pnl/explain?',
        'pnl/periods?from=2025-01-08&to=2025-01-20&',
      ]) {
        const { asOf: _, position: _p, ...body } = await get(`${path}/${view}costMethod=${costMethod}`);
        texts.push(JSON.stringify(body));
      }
    }
    let text = texts.join('\n').replaceAll(path.split('/').at(-1) ?? '', 'portfolio');
    for (const kind of ['transfers', 'trades']) {
      const { items } = await get(`${path}/${kind}?limit=100`);
      for (const { id, externalId } of items) text = text.replaceAll(id, externalId);
    }
    assert.ok(text.length > 5_000 && text.includes('trades-3'));
    return text;
  }

  it('of coins for coins are worth what loaded candles say, without any tick', async () => {
    const path = await portfolio({ timeZone: 'Asia/Seoul' });
    const [btc, eth] = ['XCB', 'XCE'];
    await book.closes({
      [`${btc}/KRW`]: { '2025-03-01': '100000000', '2025-03-02': '110000000', '2025-03-03': '120000000' },
      [`${eth}/${btc}`]: { '2025-03-01': '0.03', '2025-03-02': '0.031', '2025-03-03': '0.025' },
    });
    const time = (day: number): number => Date.UTC(2025, 2, day, 12);
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '100000000', time: time(1) });
    await post(`${path}/trades`, {
      items: [
        {
          symbol: `${btc}/KRW`,
          side: 'buy',
          quantity: '0.5',
          price: '100000000',
          time: time(2),
          fee: { amount: '25000', currency: 'KRW' },
        },
        // At 110,000,000 a BTC: 6 of 0.03 are worth 19,800,000, the fee of 0.001 another 110,000.
        {
          symbol: `${eth}/${btc}`,
          side: 'buy',
          quantity: '6',
          price: '0.03',
          time: time(3),
          fee: { amount: '0.001', currency: btc },
        },
        // At 120,000,000: 2 of 0.04 are worth 9,600,000.
        { symbol: `${eth}/${btc}`, side: 'sell', quantity: '2', price: '0.04', time: time(4) },
      ],
    });
    const { items } = await get(`${path}/holdings`);
    const of = (asset: string): Record<string, unknown> =>
      items.find((item: { asset: string }) => item.asset === asset);
    const { items: explained } = await get(`${path}/pnl/explain`);
    const coin = (asset: string): { quantity: string; costBasis: string; realizedPnl: { net: string } } =>
      explained.find((item: { asset: string }) => item.asset === asset);
    // 0.181 of 0.5 went, which had cost 50,025,000, for 19,910,000.
    assert.equal(coin(btc).quantity, '0.399');
    assert.equal(coin(btc).realizedPnl.net, '1800950');
    assert.equal(coin(btc).costBasis, '41515950');
    // A third of 19,910,000 went for 9,600,000.
    assert.equal(coin(eth).quantity, '4');
    assert.ok(Math.abs(Number(coin(eth).realizedPnl.net) - (9_600_000 - 19_910_000 / 3)) < 1e-6);
    assert.deepEqual(of(btc)['path'], [`${btc}/KRW`]);
    assert.deepEqual(of(eth)['path'], [`${eth}/${btc}`, `${btc}/KRW`]);
    assert.deepEqual([of(btc)['markPrice'], of(eth)['markPrice']], ['120000000', '3000000']);
    const pnl = await get(`${path}/pnl`);
    assert.equal(pnl.cash, '49975000');
    assert.equal(pnl.equity, '109855000');
    assert.equal(pnl.totalPnl, '9855000');
    assert.deepEqual(
      pnl.warnings,
      [btc, eth].map((asset) => ({
        code: 'stale-price',
        asset,
        detail: `${asset} is valued at the price of 2025-03-03T23:59:59.999Z: no current one is known.`,
      })),
    );
    // 2 March in Seoul ends at 15:00 UTC: only the first fill is in it, at the close of 1 March.
    const { items: days } = await get(`${path}/pnl/periods?from=2025-03-02&to=2025-03-06`);
    assert.deepEqual(
      days.map(({ endEquity }: { endEquity: string }) => endEquity),
      ['99975000', '105525000', '109855000', '109855000'],
    );
  });

  it('have a fill whose fee in another coin is worth more than itself, with a warning once that is known', async () => {
    const path = await portfolio();
    const time = Date.UTC(2025, 3, 2, 12);
    const fill = { symbol: 'XFB/KRW', side: 'buy', quantity: '1', price: '1000', time };
    const dear = { ...fill, externalId: 'dear', fee: { amount: '2', currency: 'XFN' } };
    const warned = async (): Promise<unknown[]> => {
      const answers = [await get(`${path}/trades`), await get(`${path}/trades/stats`)];
      return answers.map(({ warnings }) =>
        warnings.flatMap(({ code, entries }: { code: string; entries: string[] }) =>
          code === 'fee-above-value' ? entries : [],
        ),
      );
    };
    const first = await post(`${path}/trades`, dear);
    assert.deepEqual(await warned(), [[], []]);
    await book.closes({ 'XFN/KRW': { '2025-04-01': '501' } });
    await eventually(async () => isDeepStrictEqual(await warned(), [[first.id], [first.id]]), 'the warning');
    // Whether its price is known before or after it makes no difference.
    const second = await post(`${path}/trades`, { ...dear, externalId: 'again' });
    const cheap = await post(`${path}/trades`, { ...fill, fee: { amount: '1', currency: 'XFN' } });
    const dearer = await book.call('PATCH', `${path}/trades/${cheap.id}`, { quantity: '0.5' });
    assert.equal(dearer.status, 200);
    const all = [first.id, second.id, cheap.id].sort();
    assert.deepEqual(
      (await warned()).map((ids) => (ids as string[]).toSorted()),
      [all, all],
    );
    // In its own money it is certain, whatever prices there are.
    const wrong = { ...fill, fee: { amount: '1001', currency: 'KRW' } };
    assertNames(await book.call('POST', `${path}/trades`, wrong), ['/fee/amount']);
  });
});
