import assert from 'node:assert/strict';
import type { Fixed } from '../../../lib/money/money.ts';
import { ONE, ZERO, decimal, fixed } from '../../../lib/money/money.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import type { LedgerEntry, PortfolioTerms, TransferEntry } from '../../../lib/pnl/ledger/entry.ts';
import { NOTE_LIMIT } from '../../../lib/pnl/ledger/asset-state.ts';
import type { AssetState, Disposal } from '../../../lib/pnl/ledger/position.ts';
import { foldAll, tradeOf } from './ledger-arbitraries.ts';

const terms: PortfolioTerms = {
  baseCurrency: 'KRW',
  costMethod: 'average',
  cashMode: 'tracked',
  simulated: false,
};

function stateOf(asset: string, entries: LedgerEntry[], portfolio: PortfolioTerms = terms): AssetState {
  const state = foldAll(entries, portfolio).find((candidate) => candidate.asset === asset);
  assert.ok(state, `the ledger touches ${asset}`);
  return state;
}

function disposalsOf(entries: LedgerEntry[], costMethod: CostMethod = 'average'): Disposal[] {
  const disposals: Disposal[] = [];
  foldAll(entries, { ...terms, costMethod }, { onDisposal: (disposal) => disposals.push(disposal) });
  return disposals;
}

/** Amounts of a state as text, for reading. */
function figures(state: AssetState, ...keys: (keyof AssetState)[]): Record<string, string> {
  return Object.fromEntries(
    keys.map((key) => {
      const value = state[key];
      return [key, typeof value === 'bigint' ? decimal(value) : JSON.stringify(value)];
    }),
  );
}

function transfer(
  kind: TransferEntry['kind'],
  asset: string,
  quantity: string,
  unitValue: Fixed | null,
): TransferEntry {
  return { ...tradeOf('buy', '1', '1'), kind, asset, quantity: fixed(quantity), unitValue };
}

describe('booking a trade', () => {
  it('has a fee-free average price and a cost that includes buy fees', () => {
    const btc = stateOf('BTC', [tradeOf('buy', '2', '100', { fee: ['1', 'KRW'] })]);
    assert.deepEqual(figures(btc, 'averagePrice', 'costBasis', 'grossCost', 'fees'), {
      averagePrice: '100',
      costBasis: '201',
      grossCost: '200',
      fees: '1',
    });
  });

  it('realises gross without fees, and net with the sell fee and the share of the buy fees', () => {
    const btc = stateOf('BTC', [
      tradeOf('buy', '2', '100', { fee: ['1', 'KRW'] }),
      tradeOf('sell', '1', '130', { fee: ['2', 'KRW'] }),
    ]);
    assert.deepEqual(figures(btc, 'realisedGross', 'realisedNet', 'averagePrice', 'costBasis'), {
      realisedGross: '30',
      realisedNet: '27.5',
      averagePrice: '100',
      costBasis: '100.5',
    });
  });

  it('begins a new average once it was flat', () => {
    const entries = [tradeOf('buy', '1', '100'), tradeOf('sell', '1', '150'), tradeOf('buy', '1', '300')];
    assert.equal(decimal(stateOf('BTC', entries).averagePrice), '300');
  });

  it('moves cash by price and fee', () => {
    const entries = [
      tradeOf('buy', '2', '100', { fee: ['1', 'KRW'] }),
      tradeOf('sell', '1', '130', { fee: ['2', 'KRW'] }),
    ];
    assert.equal(decimal(stateOf('KRW', entries).quantity), '-73');
  });

  it('receives less when the fee is taken in the bought coin, at an unchanged average price', () => {
    const btc = stateOf('BTC', [tradeOf('buy', '1', '100', { fee: ['0.01', 'BTC'] })]);
    assert.deepEqual(figures(btc, 'quantity', 'averagePrice', 'costBasis', 'fees'), {
      quantity: '0.99',
      averagePrice: '100',
      costBasis: '100',
      fees: '1',
    });
  });

  it('gives more when the fee of a sale is taken in the sold coin', () => {
    const entries = [tradeOf('buy', '2', '100'), tradeOf('sell', '1', '150', { fee: ['0.1', 'BTC'] })];
    assert.deepEqual(figures(stateOf('BTC', entries), 'quantity', 'realisedGross', 'realisedNet', 'fees'), {
      quantity: '0.9',
      realisedGross: '55',
      realisedNet: '40',
      fees: '15',
    });
  });

  it('disposes of a third asset that pays the fee, and adds its value to the cost', () => {
    const entries = [
      tradeOf('buy', '10', '5', { symbol: 'BNB/KRW' }),
      tradeOf('buy', '1', '100', { fee: ['2', 'BNB'], feeRate: fixed('8') }),
    ];
    assert.equal(decimal(stateOf('BTC', entries).costBasis), '116');
    assert.deepEqual(figures(stateOf('BNB', entries), 'quantity', 'realisedNet', 'fees'), {
      quantity: '8',
      realisedNet: '6',
      fees: '0',
    });
  });

  it('subtracts the value of a third asset that pays the fee of a sale', () => {
    const entries = [
      tradeOf('buy', '10', '5', { symbol: 'BNB/KRW' }),
      tradeOf('buy', '1', '100'),
      tradeOf('sell', '1', '150', { fee: ['2', 'BNB'], feeRate: fixed('8') }),
    ];
    assert.deepEqual(figures(stateOf('BTC', entries), 'realisedGross', 'realisedNet'), {
      realisedGross: '50',
      realisedNet: '34',
    });
  });

  it('quoted in another currency sells that currency and buys the coin at one and the same value', () => {
    const entries = [
      tradeOf('buy', '100', '1000', { symbol: 'USDT/KRW' }),
      tradeOf('buy', '2', '20', { symbol: 'BTC/USDT', quoteRate: fixed('1300'), fee: ['1', 'USDT'] }),
    ];
    assert.deepEqual(figures(stateOf('USDT', entries), 'quantity', 'costBasis', 'realisedNet'), {
      quantity: '59',
      costBasis: '59000',
      realisedNet: '12300',
    });
    assert.deepEqual(figures(stateOf('BTC', entries), 'costBasis', 'averagePrice'), {
      costBasis: '53300',
      averagePrice: '26000',
    });
  });

  it('of the base currency itself is turned round: buying it sells the other currency', () => {
    const entries = [
      transfer('deposit', 'USDT', '100', fixed('1000')),
      tradeOf('buy', '39000', '0.001', { symbol: 'KRW/USDT', quoteRate: fixed('1300') }),
    ];
    assert.equal(decimal(stateOf('KRW', entries).quantity), '39000');
    assert.deepEqual(figures(stateOf('USDT', entries), 'quantity', 'realisedNet'), {
      quantity: '61',
      realisedNet: '0',
    });
  });

  it('brings its own money in and takes it out where cash is not tracked', () => {
    const untracked: PortfolioTerms = { ...terms, cashMode: 'untracked', simulated: false };
    const entries = [
      tradeOf('buy', '2', '20', { symbol: 'BTC/USDT', quoteRate: fixed('1300'), fee: ['1', 'USDT'] }),
      tradeOf('sell', '1', '30', { symbol: 'BTC/USDT', quoteRate: fixed('1400'), fee: ['1', 'USDT'] }),
    ];
    const states = foldAll(entries, untracked);
    assert.deepEqual(
      states.map(({ asset }) => asset),
      ['BTC'],
      'neither cash nor the quote currency is touched',
    );
    assert.deepEqual(figures(stateOf('BTC', entries, untracked), 'contributions', 'inflows', 'realisedNet'), {
      contributions: '12700',
      inflows: '53300',
      realisedNet: '13950',
    });
  });
});

describe('cost methods', () => {
  const entries = [
    tradeOf('buy', '1', '100', { id: 'a' }),
    tradeOf('buy', '1', '300', { id: 'b' }),
    tradeOf('buy', '1', '200', { id: 'c' }),
    tradeOf('sell', '1.5', '400', { id: 'd' }),
  ];
  const used: Record<CostMethod, [string, string][]> = {
    average: [],
    fifo: [
      ['a', '1'],
      ['b', '0.5'],
    ],
    lifo: [
      ['c', '1'],
      ['b', '0.5'],
    ],
    hifo: [
      ['b', '1'],
      ['c', '0.5'],
    ],
  };
  const realised: Record<CostMethod, string> = { average: '300', fifo: '350', lifo: '250', hifo: '200' };
  for (const costMethod of ['average', 'fifo', 'lifo', 'hifo'] as const) {
    it(`${costMethod} sells ${used[costMethod].map(([lot]) => lot).join(' then ') || 'from one pool'}`, () => {
      const [disposal] = disposalsOf(entries, costMethod);
      const matches = disposal?.matches.map(({ entryId, quantity }) => [entryId, decimal(quantity)]);
      assert.deepEqual(matches, used[costMethod]);
      assert.equal(decimal(disposal?.realised.net ?? ZERO), realised[costMethod]);
    });
  }

  it('hifo takes the older of two lots that cost the same, however large they are', () => {
    const same = [
      tradeOf('buy', '3', '100', { id: 'first' }),
      tradeOf('buy', '7', '100', { id: 'second' }),
      tradeOf('sell', '1', '100'),
    ];
    assert.equal(disposalsOf(same, 'hifo')[0]?.matches[0]?.entryId, 'first');
  });
});

describe('what the ledger does not cover', () => {
  it('takes the uncovered part of a sale as transferred in at the sale price, without PnL', () => {
    const entries = [tradeOf('buy', '1', '100'), tradeOf('sell', '3', '150', { id: 'over' })];
    const btc = stateOf('BTC', entries);
    assert.deepEqual(figures(btc, 'quantity', 'realisedNet', 'contributions'), {
      quantity: '0',
      realisedNet: '50',
      contributions: '300',
    });
    assert.deepEqual(btc.oversold, { count: 1, entries: ['over'] });
  });

  it('names only the first entries of many and counts the rest', () => {
    const entries = Array.from({ length: NOTE_LIMIT + 5 }, () => tradeOf('sell', '1', '10'));
    const { oversold } = stateOf('BTC', entries);
    assert.deepEqual([oversold.count, oversold.entries.length], [NOTE_LIMIT + 5, NOTE_LIMIT]);
  });

  it('takes dust after a sale as sold, and its cost as lost', () => {
    const entries = [tradeOf('buy', '1.0000000001', '100'), tradeOf('sell', '1', '100')];
    assert.deepEqual(figures(stateOf('BTC', entries), 'quantity', 'costBasis', 'realisedNet', 'lots'), {
      quantity: '0',
      costBasis: '0',
      realisedNet: '-0.00000001',
      lots: 'null',
    });
  });

  it('does not call a hair more than was held oversold', () => {
    const entries = [tradeOf('buy', '1', '100'), tradeOf('sell', '1.0000000001', '100')];
    const btc = stateOf('BTC', entries);
    assert.equal(btc.oversold.count, 0);
    assert.equal(btc.contributions, ZERO);
  });

  it('has a tolerance of its own for every asset', () => {
    const entries = [tradeOf('buy', '10', '1'), tradeOf('sell', '9', '1')];
    const [btc] = foldAll(entries, terms, { tolerance: fixed('2') }).filter(({ asset }) => asset === 'BTC');
    assert.equal(btc?.quantity, ZERO);
  });

  it('never makes a rate up: cost and proceeds of a trade without one are not known', () => {
    const entries = [
      tradeOf('buy', '100', '1000', { symbol: 'USDT/KRW' }),
      tradeOf('buy', '2', '20', { symbol: 'BTC/USDT', quoteRate: null, id: 'unrated' }),
    ];
    const btc = stateOf('BTC', entries);
    assert.deepEqual([btc.openUncosted, btc.openUnpriced], [1, 1]);
    assert.deepEqual(btc.unrated, { count: 1, entries: ['unrated'] });
    const usdt = stateOf('USDT', entries);
    assert.ok(usdt.unknown.realisedNet && usdt.unknown.realisedGross);
    assert.ok(!usdt.unknown.contributions);
    assert.equal(disposalsOf(entries)[0]?.realised.net, null);
  });

  it('knows cost again once the purchase without a rate is sold, but not what was realised', () => {
    for (const costMethod of ['average', 'fifo'] as const) {
      const entries = [
        tradeOf('buy', '1', '20', { symbol: 'BTC/USDT', quoteRate: null }),
        tradeOf('sell', '1', '100'),
        tradeOf('buy', '1', '70'),
      ];
      const btc = stateOf('BTC', entries, { ...terms, costMethod });
      assert.deepEqual([btc.openUncosted, decimal(btc.costBasis), btc.unknown.realisedNet], [0, '70', true]);
    }
  });

  it('knows price and cost although the rate of a fee is missing', () => {
    const entries = [tradeOf('buy', '1', '100', { fee: ['1', 'BNB'], feeRate: null })];
    const btc = stateOf('BTC', entries);
    assert.deepEqual([btc.openUncosted, btc.openUnpriced, decimal(btc.averagePrice)], [0, 0, '100']);
    assert.ok(!btc.unknown.fees);
  });

  it('counts a deposit without a value as an unknown contribution', () => {
    const btc = stateOf('BTC', [transfer('deposit', 'BTC', '1', null)]);
    assert.ok(btc.unknown.contributions);
    assert.equal(btc.openUncosted, 1);
  });
});

describe('transfers', () => {
  it('bring coins in at their value, which is their cost', () => {
    const btc = stateOf('BTC', [transfer('deposit', 'BTC', '2', fixed('50'))]);
    assert.deepEqual(figures(btc, 'costBasis', 'averagePrice', 'contributions', 'income'), {
      costBasis: '100',
      averagePrice: '50',
      contributions: '100',
      income: '0',
    });
  });

  it('take coins out at their value then, which realises their gain', () => {
    const btc = stateOf('BTC', [tradeOf('buy', '2', '50'), transfer('withdrawal', 'BTC', '1', fixed('80'))]);
    assert.deepEqual(figures(btc, 'costBasis', 'realisedNet', 'contributions', 'inflows'), {
      costBasis: '50',
      realisedNet: '30',
      contributions: '-80',
      inflows: '0',
    });
  });

  it('add earned coins at their value to income and to cost', () => {
    const btc = stateOf('BTC', [transfer('income', 'BTC', '0.5', fixed('80'))]);
    assert.deepEqual(figures(btc, 'costBasis', 'income', 'contributions'), {
      costBasis: '40',
      income: '40',
      contributions: '0',
    });
  });

  it('add and take cash without cost', () => {
    const krw = stateOf('KRW', [
      transfer('deposit', 'KRW', '100', ONE),
      transfer('withdrawal', 'KRW', '30', ONE),
      transfer('income', 'KRW', '5', ONE),
    ]);
    assert.deepEqual(figures(krw, 'quantity', 'costBasis', 'contributions', 'inflows', 'income'), {
      quantity: '75',
      costBasis: '75',
      contributions: '70',
      inflows: '100',
      income: '5',
    });
  });
});
