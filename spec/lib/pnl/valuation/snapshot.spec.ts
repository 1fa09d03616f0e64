import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ONE, decimal, fixed } from '../../../../lib/money/money.ts';
import type { LedgerEntry, PortfolioTerms } from '../../../../lib/pnl/ledger/entry.ts';
import { allocationOf } from '../../../../lib/pnl/valuation/allocation.ts';
import { summaryBody } from '../../../../lib/pnl/valuation/summary-body.ts';
import { totalsAt } from '../../../../lib/pnl/valuation/marking.ts';
import type { DayStart } from '../../../../lib/pnl/valuation/snapshot.ts';
import type { HoldingBody } from '../../../../lib/schemas/holding-schema.ts';
import type { PnlBody } from '../../../../lib/schemas/pnl-schema.ts';
import { prepareSnapshot, snapshot } from '../../../../lib/pnl/valuation/snapshot.ts';
import type { PriceSource } from '../../../../lib/pnl/valuation/valuation.ts';
import { indexSymbols } from '../../../../lib/pnl/valuation/valuation.ts';
import { foldAll, ledger, price, terms as anyTerms, tradeOf } from '../ledger-arbitraries.ts';

const terms: PortfolioTerms = {
  baseCurrency: 'KRW',
  costMethod: 'average',
  cashMode: 'tracked',
  simulated: false,
};
const AS_OF = Date.parse('2024-05-06T07:08:09.010Z');

interface Scene {
  prices?: Record<string, string>;
  symbols?: string[];
  terms?: PortfolioTerms;
  dayStart?: DayStart | null;
  includeClosed?: boolean;
}

function sourceOf(quotes: Record<string, string>): PriceSource {
  return (symbol) => {
    const quote = quotes[symbol];
    return quote === undefined ? null : { price: fixed(quote), time: AS_OF - 1000 };
  };
}

function taken(entries: LedgerEntry[], scene: Scene = {}): { pnl: PnlBody; holdings: HoldingBody[] } {
  const portfolio = scene.terms ?? terms;
  return snapshot({
    portfolioId: 'p',
    terms: portfolio,
    states: foldAll(entries, portfolio),
    prices: sourceOf(scene.prices ?? {}),
    symbols: indexSymbols(scene.symbols ?? Object.keys(scene.prices ?? {})),
    asOf: AS_OF,
    position: 'e-7',
    dayStart: scene.dayStart ?? null,
    includeClosed: scene.includeClosed ?? false,
  });
}

const deposit = (quantity: string): LedgerEntry => ({
  ...tradeOf('buy', '1', '1'),
  kind: 'deposit',
  asset: 'KRW',
  quantity: fixed(quantity),
  unitValue: ONE,
});

const codes = (pnl: PnlBody): string[] => pnl.warnings.map(({ code }) => code);

describe('the snapshot of a portfolio', () => {
  const entries = [
    deposit('1000'),
    tradeOf('buy', '2', '100', { fee: ['1', 'KRW'] }),
    tradeOf('sell', '1', '130', { fee: ['2', 'KRW'] }),
    tradeOf('buy', '1', '50', { symbol: 'ETH/KRW' }),
    tradeOf('sell', '1', '60', { symbol: 'ETH/KRW' }),
  ];
  const dayStart: DayStart = {
    equity: fixed('1000'),
    contributions: fixed('1000'),
    inflows: fixed('1000'),
  };

  it('has every total of the API, in decimal text', () => {
    const { pnl } = taken(entries, { prices: { 'BTC/KRW': '200' }, dayStart });
    assert.deepEqual(pnl, {
      portfolioId: 'p',
      asOf: '2024-05-06T07:08:09.010Z',
      position: 'e-7',
      baseCurrency: 'KRW',
      costMethod: 'average',
      equity: '1137',
      cash: '937',
      marketValue: '200',
      costBasis: '100.5',
      netContributions: '1000',
      unrealizedPnl: '99.5',
      unrealizedRate: '0.9900497512',
      realizedPnl: { gross: '40', net: '37.5' },
      fees: '3',
      income: '0',
      transferredPnl: '0',
      totalPnl: '137',
      day: { start: '1000', pnl: '137', rate: '0.137' },
      unvalued: [],
      warnings: [],
    });
  });

  it('lists what is held, cash included, with weights of equity', () => {
    const { holdings } = taken(entries, { prices: { 'BTC/KRW': '200' } });
    assert.deepEqual(holdings, [
      {
        asset: 'BTC',
        symbol: 'BTC/KRW',
        quantity: '1',
        averagePrice: '100',
        costBasis: '100.5',
        markPrice: '200',
        markTime: '2024-05-06T07:08:08.010Z',
        path: ['BTC/KRW'],
        marketValue: '200',
        weight: '0.1759014952',
        unrealizedPnl: '99.5',
        unrealizedRate: '0.9900497512',
        realizedPnl: { gross: '30', net: '27.5' },
      },
      {
        asset: 'KRW',
        symbol: null,
        quantity: '937',
        averagePrice: '1',
        costBasis: '937',
        markPrice: '1',
        markTime: null,
        path: [],
        marketValue: '937',
        weight: '0.8240985048',
        unrealizedPnl: '0',
        unrealizedRate: '0',
        realizedPnl: { gross: '0', net: '0' },
      },
    ]);
  });

  it('lists a closed holding when asked, and counts what it realised either way', () => {
    const { holdings } = taken(entries, { prices: { 'BTC/KRW': '200' }, includeClosed: true });
    assert.deepEqual(
      holdings.map(({ asset }) => asset),
      ['BTC', 'ETH', 'KRW'],
    );
    assert.deepEqual(holdings[1]?.realizedPnl, { gross: '10', net: '10' });
  });

  it('counts the day beyond what came in, at the rate of what was at work', () => {
    const { pnl } = taken([...entries, deposit('1000')], { prices: { 'BTC/KRW': '200' }, dayStart });
    assert.deepEqual(pnl.day, { start: '1000', pnl: '137', rate: '0.0685' });
  });

  it('does not know the day without its start', () => {
    const { pnl } = taken(entries, { prices: { 'BTC/KRW': '200' } });
    assert.deepEqual(pnl.day, { start: null, pnl: null, rate: null });
    assert.deepEqual(codes(pnl), ['missing-history']);
  });

  it('values a coin the market does not quote at the own last fill, and says so', () => {
    const { pnl, holdings } = taken([deposit('1000'), tradeOf('buy', '2', '100', { time: 1000 })], {
      dayStart,
    });
    assert.equal(pnl.marketValue, '200');
    assert.deepEqual(codes(pnl), ['stale-price']);
    assert.equal(holdings[0]?.markTime, '1970-01-01T00:00:01.000Z');
  });

  it('does not know the value of a coin without any price', () => {
    const bare: LedgerEntry = {
      ...tradeOf('buy', '1', '1'),
      kind: 'deposit',
      asset: 'BTC',
      quantity: ONE,
      unitValue: ONE,
    };
    const missing = taken([bare], { dayStart });
    assert.deepEqual(codes(missing.pnl), ['missing-rate']);
    assert.deepEqual(
      [missing.pnl.equity, missing.pnl.marketValue, missing.pnl.unrealizedPnl, missing.pnl.totalPnl],
      [null, null, null, null],
    );
    assert.equal(missing.holdings[0]?.weight, null);
    const quoted = taken([bare], { dayStart, symbols: ['BTC/USDT', 'USDT/KRW'] });
    assert.deepEqual(codes(quoted.pnl), ['missing-price']);
  });

  it('leaves only what depends on an entry without a rate unknown, and names the entry', () => {
    const first = [deposit('5'), tradeOf('buy', '10', '1000', { symbol: 'USDT/KRW' })];
    const unrated = tradeOf('buy', '1', '10', { symbol: 'BTC/USDT', quoteRate: null, id: 'unrated' });
    const { pnl } = taken([...first, unrated], {
      prices: { 'BTC/USDT': '12', 'USDT/KRW': '1000' },
      dayStart,
    });
    assert.deepEqual(
      [pnl.costBasis, pnl.unrealizedPnl, pnl.unrealizedRate, pnl.realizedPnl.net, pnl.realizedPnl.gross],
      [null, null, null, null, null],
    );
    assert.deepEqual([pnl.equity, pnl.netContributions, pnl.totalPnl], ['2005', '5', '2000']);
    const named = pnl.warnings.filter(({ code }) => code === 'missing-rate');
    assert.deepEqual(
      named.map(({ asset, entries: ids, count }) => [asset, ids, count]),
      [
        ['BTC', ['unrated'], 1],
        ['USDT', ['unrated'], 1],
      ],
    );
  });

  it('has every total although a fee has no price, and names the amount that is missing', () => {
    const unpriced = tradeOf('buy', '1', '100', { fee: ['0.001', 'BNB'], id: 'fee' });
    const { pnl, holdings } = taken([deposit('1000'), unpriced], { prices: { 'BTC/KRW': '150' }, dayStart });
    assert.deepEqual(
      [pnl.equity, pnl.costBasis, pnl.unrealizedPnl, pnl.unrealizedRate, pnl.netContributions, pnl.totalPnl],
      ['1050', '100', '50', '0.5', '1000', '50'],
    );
    assert.deepEqual([pnl.fees, pnl.realizedPnl], ['0', { gross: '0', net: '0' }]);
    assert.equal(holdings[0]?.costBasis, '100');
    assert.deepEqual(pnl.unvalued, [{ what: 'fee', asset: 'BNB', quantity: '0.001' }]);
    assert.deepEqual(
      pnl.warnings.filter(({ code }) => code === 'unvalued-amount'),
      [
        {
          code: 'unvalued-amount',
          detail: 'A fee of 0.001 BNB is not valued: no price of BNB in KRW is known at or before its time.',
          what: 'fee',
          asset: 'BNB',
          quantity: '0.001',
          entries: ['fee'],
          count: 1,
          figures: ['fees'],
        },
      ],
    );
  });

  it('loses what a held coin had cost when it pays a fee without a price', () => {
    const bnb = tradeOf('buy', '1', '300', { symbol: 'BNB/KRW' });
    const first = tradeOf('buy', '1', '100', { fee: ['0.5', 'BNB'] });
    const second = tradeOf('buy', '1', '100', { fee: ['0.25', 'BNB'] });
    const { pnl } = taken([deposit('1000'), bnb, first, second], {
      prices: { 'BTC/KRW': '100', 'BNB/KRW': '400' },
      dayStart,
    });
    assert.deepEqual(pnl.realizedPnl, { gross: '0', net: '-225' });
    assert.deepEqual(pnl.unvalued, [{ what: 'fee', asset: 'BNB', quantity: '0.75' }]);
    assert.match(
      pnl.warnings[0]?.detail ?? '',
      /^2 fees of 0\.75 BNB in all are not valued: .* their times\.$/,
    );
  });

  it('is told without a reward that has no price, in equity and in lists that add up to it', () => {
    const airdrop: LedgerEntry = {
      ...tradeOf('buy', '1', '1', { id: 'drop' }),
      kind: 'income',
      asset: 'NEW',
      quantity: fixed('7'),
      unitValue: null,
    };
    const entries = [deposit('1000'), tradeOf('buy', '1', '100'), airdrop];
    const { pnl, holdings } = taken(entries, { prices: { 'BTC/KRW': '150' }, dayStart });
    assert.deepEqual([pnl.equity, pnl.income, pnl.totalPnl, pnl.unrealizedPnl], ['1050', '0', '50', '50']);
    assert.deepEqual(pnl.unvalued, [
      { what: 'holding', asset: 'NEW', quantity: '7' },
      { what: 'reward', asset: 'NEW', quantity: '7' },
    ]);
    const allocation = allocationOf(holdings, pnl);
    assert.deepEqual(
      allocation.byKind.map(({ marketValue }) => marketValue),
      ['900', '150'],
    );
    assert.equal(summaryBody(pnl, holdings).coins, 2);
    const priced = taken(entries, { prices: { 'BTC/KRW': '150', 'NEW/KRW': '2' }, dayStart });
    assert.deepEqual([priced.pnl.equity, priced.pnl.totalPnl], ['1064', '64']);
    assert.deepEqual(priced.pnl.unvalued, [{ what: 'reward', asset: 'NEW', quantity: '7' }]);
  });

  it('does not know equity when something that was paid for has no price, whatever was earned beside it', () => {
    const bought = tradeOf('buy', '1', '5', { symbol: 'NEW/USDT', quoteRate: null });
    const { pnl } = taken([deposit('1000'), bought], { dayStart });
    assert.equal(pnl.equity, null);
    assert.deepEqual(pnl.unvalued, []);
  });

  it('warns of an oversold coin and of cash below nothing', () => {
    const { pnl } = taken([tradeOf('sell', '1', '10', { id: 'over' }), tradeOf('buy', '1', '99')], {
      prices: { 'BTC/KRW': '1' },
      dayStart,
    });
    assert.deepEqual(
      pnl.warnings.map(({ code, asset, entries: ids }) => [code, asset, ids]),
      [
        ['oversold', 'BTC', ['over']],
        ['cash-negative', 'KRW', undefined],
      ],
    );
  });

  it('of an empty portfolio is nothing, with rates that are undefined rather than zero', () => {
    const nothing = { equity: 0n, contributions: 0n, inflows: 0n };
    const { pnl, holdings } = taken([], { dayStart: nothing });
    assert.deepEqual([pnl.equity, pnl.totalPnl, pnl.unrealizedRate, pnl.day.rate], ['0', '0', null, null]);
    assert.deepEqual(
      pnl.warnings.map(({ code, figures }) => [code, figures]),
      [['undefined-rate', ['unrealizedRate', 'day.rate']]],
    );
    assert.deepEqual(holdings, []);
  });

  it('adds up in its own text: total PnL is equity beyond contributions, and its parts', () => {
    fc.assert(
      fc.property(ledger, anyTerms, fc.tuple(price, price, price, price), (any, portfolio, drawn) => {
        const quotes = Object.fromEntries(
          ['BTC', 'ETH', 'USDT', 'BNB'].map((asset, i) => [`${asset}/KRW`, decimal(drawn[i] ?? ONE)]),
        );
        // XRP has no market: its own fill must do.
        const { pnl, holdings } = taken(any, { prices: quotes, terms: portfolio });
        if (pnl.equity === null) return;
        const sum = (...texts: (string | null)[]): bigint =>
          texts.reduce((total, text) => total + fixed(text ?? assert.fail('a figure is missing')), 0n);
        const total = sum(pnl.totalPnl);
        assert.equal(total, sum(pnl.equity) - sum(pnl.netContributions));
        assert.equal(total, sum(pnl.realizedPnl.net, pnl.unrealizedPnl, pnl.income));
        const valued = holdings.filter(({ marketValue }) => marketValue !== null);
        assert.equal(sum(pnl.equity), sum(...valued.map(({ marketValue }) => marketValue)));
        assert.equal(sum(pnl.unrealizedPnl), sum(...valued.map(({ unrealizedPnl }) => unrealizedPnl)));
        assert.deepEqual(
          pnl.unvalued.filter(({ what }) => what === 'holding').map(({ asset }) => asset),
          holdings.filter((holding) => !valued.includes(holding)).map(({ asset }) => asset),
        );
        assert.doesNotMatch(JSON.stringify({ pnl, holdings }), /NaN|Infinity|"-?[\d.]+[eE][+-]?\d/);
      }),
      { numRuns: 300 },
    );
  });

  it('follows prices that change within one millisecond, and better ways that open up', () => {
    const quotes = new Map([
      ['BTC/USDT', { price: fixed('2'), time: 1 }],
      ['USDT/KRW', { price: fixed('10'), time: 1 }],
    ]);
    const prepared = prepareSnapshot({
      portfolioId: 'p',
      terms,
      states: foldAll([tradeOf('buy', '1', '1')], terms),
      symbols: indexSymbols(['BTC/KRW', 'BTC/USDT', 'USDT/KRW']),
    });
    const prices: PriceSource = (symbol) => quotes.get(symbol) ?? null;
    const value = (): string | null =>
      prepared({ prices, asOf: AS_OF, position: 'e-1', dayStart: null }).pnl.marketValue;
    assert.equal(value(), '20');
    quotes.set('BTC/USDT', { price: fixed('3'), time: 1 });
    assert.equal(value(), '30');
    quotes.set('BTC/KRW', { price: fixed('33'), time: 1 });
    assert.equal(value(), '33');
    quotes.clear();
    assert.equal(value(), '1', 'its own fill');
    quotes.set('BTC/KRW', { price: fixed('33'), time: 1 });
    assert.equal(value(), '33');
  });

  it('is the same whether prepared once for many prices or made anew', () => {
    fc.assert(
      fc.property(
        ledger,
        anyTerms,
        fc.array(price, { minLength: 2, maxLength: 6 }),
        (any, portfolio, marks) => {
          const states = foldAll(any, portfolio);
          const symbols = indexSymbols(['BTC/KRW', 'ETH/USDT', 'USDT/KRW']);
          const input = { portfolioId: 'p', terms: portfolio, states, symbols };
          const prepared = prepareSnapshot(input);
          marks.forEach((mark, index) => {
            const prices: PriceSource = (symbol) =>
              symbol === 'BTC/KRW' && index % 2 === 1 ? null : { price: mark, time: index };
            const instant = { prices, asOf: AS_OF + index, position: 'e-1', dayStart: null };
            const reused = prepared(instant);
            const fresh = snapshot({ ...input, ...instant });
            assert.deepEqual({ pnl: reused.pnl, holdings: reused.holdings() }, fresh);
            const totals = totalsAt(states, portfolio, prices, symbols);
            assert.equal(fresh.pnl.equity, totals.equity === null ? null : decimal(totals.equity));
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});
