import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { GENESIS } from '../../../../lib/epoch.ts';
import type { Move } from '../../../../lib/import/reading/format.ts';
import { movesOf, sumMoves } from '../../../../lib/import/reading/legs.ts';
import { zoneOf } from '../../../../lib/import/reading/local-time.ts';
import { readFile } from '../../../../lib/import/rows.ts';
import { decimal, fixed, round, ZERO } from '../../../../lib/money/money.ts';
import { Problem } from '../../../../lib/problem.ts';

/** What a file comes to: sums of what is booked, asked about and ignored, and how many rows are each. */
interface Account {
  format: string;
  rows: number;
  booked: string[];
  undecided: string[];
  /** What ignored rows move, and what transfers between places of the owner move of the one that the file is of. */
  ignored: string[];
  counts: [entries: number, undecided: number, ignored: number, unreadable: number];
  kinds: string;
}

async function* one(name: string): AsyncGenerator<Buffer> {
  yield readFileSync(new URL(`../../../fixtures/layouts/${name}`, import.meta.url));
}

/** A price is rounded once at the eighteenth digit: no coin has as many as are looked at here. */
function texts(moves: Move[]): string[] {
  return sumMoves(moves)
    .map(({ asset, amount }) => `${asset} ${decimal(round(fixed(amount), 12))}`)
    .sort();
}

async function account(name: string, tz?: string): Promise<Account> {
  const zone = tz === undefined ? null : zoneOf(tz);
  const options = { charset: null, zone, earliest: GENESIS, latest: Date.UTC(2027, 0, 1), maxRows: 1_000 };
  const file = await readFile(one(name), options);
  const [booked, undecided, ignored]: [Move[], Move[], Move[]] = [[], [], []];
  const counts: Account['counts'] = [0, 0, 0, 0];
  const kinds: string[] = [];
  let rows = 0;
  for await (const row of file.rows) {
    rows += row.rows;
    if ('entries' in row) {
      counts[0] += row.rows;
      ignored.push(...(row.aside ?? []));
      for (const entry of row.entries) {
        booked.push(...movesOf(entry));
        kinds.push(entry.kind);
      }
    } else if ('decision' in row) {
      counts[1] += row.rows;
      undecided.push(...row.decision.moves);
      kinds.push(`?${row.decision.code}`);
    } else if ('ignored' in row) {
      counts[2] += row.rows;
      ignored.push(...row.moves);
    } else {
      counts[3] += 1;
    }
  }
  return {
    format: file.layout.format.name,
    rows,
    booked: texts(booked),
    undecided: texts(undecided),
    ignored: texts(ignored),
    counts,
    kinds: kinds.join(' '),
  };
}

/** Read off the samples by hand. */
const EXPECTED: Record<string, { tz?: string } & Account> = {
  'upbit-trades.csv': {
    format: 'upbit',
    rows: 7,
    booked: ['BTC -0.00027537', 'KRW 738886.28463', 'XRP 210.15555555'],
    undecided: [],
    ignored: [],
    counts: [7, 0, 0, 0],
    kinds: 'withdrawal withdrawal trade deposit trade trade deposit',
  },
  'upbit-paste.txt': {
    format: 'upbit',
    rows: 1,
    booked: ['BTC -0.001', 'KRW 139930'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 0, 0],
    kinds: 'trade',
  },
  'bithumb-period.csv': {
    format: 'bithumb',
    rows: 9,
    booked: ['BMT 5.17119965', 'BTC 0.00441072', 'ETH 0.10001234', 'KRW 3517796.3328'],
    undecided: [],
    ignored: [],
    counts: [9, 0, 0, 0],
    kinds: 'deposit trade trade income trade income withdrawal income withdrawal',
  },
  'binance-statement.csv': {
    format: 'binance-statement',
    rows: 21,
    // The redemption has the interest in it, which is booked as income and not once more.
    booked: ['ABC 12.5', 'BNB 0.33972', 'BTC 0.001', 'LTC -0.001', 'USDT 760.921'],
    undecided: ['USDT 3.1569'],
    ignored: ['USDT 0.017'],
    counts: [18, 3, 0, 0],
    kinds:
      'deposit trade trade convert convert transfer income transfer transfer income withdrawal ?derivative ?derivative ?derivative',
  },
  'kraken-ledgers.csv': {
    format: 'kraken-ledgers',
    rows: 11,
    booked: ['BTC 0.00498', 'DOT 15.2123', 'EUR 1028.607'],
    undecided: [],
    ignored: [],
    counts: [9, 0, 2, 0],
    kinds: 'deposit trade trade transfer income withdrawal',
  },
  'gate-statement.csv': {
    format: 'gate',
    tz: 'UTC',
    rows: 8,
    booked: ['ABC -1.5', 'BTC 0.001996', 'GT 0.002', 'USDT 217.0098'],
    undecided: [],
    ignored: [],
    counts: [8, 0, 0, 0],
    kinds: 'deposit trade income convert withdrawal',
  },
  'bybit-uta.csv': {
    format: 'bybit-uta',
    rows: 4,
    booked: ['BTC 0.014985', 'USDT -1372.4985'],
    undecided: ['USDT 0.0031'],
    ignored: ['USDT 100'],
    counts: [3, 1, 0, 0],
    kinds: 'trade ?derivative transfer',
  },
  'okx-trading-account.csv': {
    format: 'okx-trading',
    rows: 3,
    booked: ['BTC 0.0016443', 'USDT -133.268'],
    undecided: [],
    ignored: ['BTC -0.001'],
    counts: [3, 0, 0, 0],
    kinds: 'trade transfer',
  },
  'okx-trading-2023.csv': {
    format: 'okx-trading',
    tz: 'UTC+8',
    rows: 2,
    booked: ['BTC 0.00999', 'USDT -270'],
    undecided: [],
    ignored: [],
    counts: [2, 0, 0, 0],
    kinds: 'trade',
  },
  'coinbase.csv': {
    format: 'coinbase',
    rows: 7,
    booked: ['BTC 0.095', 'ETH 0.08661', 'USD -8335.69'],
    undecided: [],
    ignored: [],
    counts: [7, 0, 0, 0],
    kinds: 'trade convert withdrawal income trade transfer',
  },
  'coinbase-pro-account.csv': {
    format: 'coinbase-pro',
    rows: 4,
    booked: ['BTC 1.34923804', 'ETH 52.3'],
    undecided: [],
    ignored: [],
    counts: [4, 0, 0, 0],
    kinds: 'deposit trade',
  },
  'binance-convert.csv': {
    format: 'binance-convert',
    tz: 'UTC',
    rows: 2,
    booked: ['BNB 0.17', 'USDT -100.5'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 1, 0],
    kinds: 'convert',
  },
  'binance-statement-2025.csv': {
    format: 'binance-statement',
    tz: 'UTC+7',
    rows: 5,
    booked: ['SOL 0.215519', 'USDT -50'],
    undecided: ['USDT 250'],
    ignored: [],
    counts: [4, 1, 0, 0],
    kinds: '?unpriced-purchase transfer convert',
  },
  'binance-deposits.csv': {
    format: 'binance-transfers',
    rows: 2,
    booked: ['USDT 520'],
    undecided: [],
    ignored: [],
    counts: [2, 0, 0, 0],
    kinds: 'deposit deposit',
  },
  'binance-withdrawals.csv': {
    format: 'binance-transfers',
    rows: 2,
    booked: ['BTC -0.005'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 1, 0],
    kinds: 'withdrawal',
  },
  'binance-fiat-deposits.csv': {
    format: 'binance-transfers',
    rows: 3,
    booked: [],
    undecided: ['EUR 598.2'],
    ignored: [],
    counts: [0, 2, 1, 0],
    kinds: '?unknown-kind ?unknown-kind',
  },
  'binance-trades-old.csv': {
    format: 'binance',
    rows: 2,
    booked: ['BNB -0.00074', 'BTC 0.0445968', 'ETH -1.2', 'USDT -100.000032'],
    undecided: [],
    ignored: [],
    counts: [2, 0, 0, 0],
    kinds: 'trade trade',
  },
  'binance-trades-new.csv': {
    format: 'binance',
    rows: 3,
    booked: ['1INCH -1000', 'BNB -0.0007', 'BTC 0.02997', 'USDT -1520.003'],
    undecided: [],
    ignored: [],
    counts: [3, 0, 0, 0],
    kinds: 'trade trade trade',
  },
  'bybit-spot-fills.csv': {
    format: 'bybit-spot',
    rows: 2,
    booked: ['BTC 0.004985', 'USDT -458.412501'],
    undecided: [],
    ignored: [],
    counts: [2, 0, 0, 0],
    kinds: 'trade trade',
  },
  'okx-withdrawals.csv': {
    format: 'okx-withdrawals',
    tz: 'UTC+8',
    rows: 2,
    booked: ['BTC -0.001'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 1, 0],
    kinds: 'withdrawal',
  },
  'kraken-trades.csv': {
    format: 'kraken-trades',
    rows: 1,
    booked: ['BTC 0.01', 'EUR -871.393'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 0, 0],
    kinds: 'trade',
  },
  'kucoin-spot-orders.csv': {
    format: 'kucoin-trades',
    rows: 2,
    booked: ['KCS -0.0045', 'USDT -0.0924001'],
    undecided: [],
    ignored: [],
    counts: [2, 0, 0, 0],
    kinds: 'trade trade',
  },
  'kucoin-fills.csv': {
    format: 'kucoin-trades',
    rows: 1,
    booked: ['BTC -0.001', 'USDT 91.4085999'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 0, 0],
    kinds: 'trade',
  },
  'kucoin-old.csv': {
    format: 'kucoin-trades',
    tz: 'UTC+8',
    rows: 1,
    booked: ['USDT 3.73217384025', 'XTZ -36.4479'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 0, 0],
    kinds: 'trade',
  },
  'kucoin-deposits.csv': {
    format: 'kucoin-transfers',
    rows: 1,
    booked: ['USDT 250'],
    undecided: [],
    ignored: [],
    counts: [1, 0, 0, 0],
    kinds: 'deposit',
  },
  'coinone-trades-unverified.csv': {
    format: 'coinone',
    rows: 2,
    booked: ['KRW -153435', 'XRP 50'],
    undecided: [],
    ignored: [],
    counts: [2, 0, 0, 0],
    kinds: 'trade trade',
  },
  'koinly-universal.csv': {
    format: 'koinly',
    rows: 5,
    booked: ['BTC 0.00498', 'DOT 0.0123', 'EUR 1128.607'],
    undecided: ['ETH -0.1'],
    ignored: [],
    counts: [4, 1, 0, 0],
    kinds: 'trade deposit income withdrawal ?unknown-kind',
  },
  'cointracking.csv': {
    format: 'cointracking',
    tz: 'Europe/Berlin',
    rows: 5,
    booked: ['BTC 0.00498', 'DOT 0.0123', 'EUR 1128.607'],
    undecided: ['BTC 0.001'],
    ignored: [],
    counts: [4, 1, 0, 0],
    kinds: 'trade deposit withdrawal income ?unknown-kind',
  },
};

describe('the layouts of exchanges', () => {
  for (const [name, { tz, ...expected }] of Object.entries(EXPECTED)) {
    it(`account for every row of ${name}, and for every sum`, async () => {
      const found = await account(name, tz);
      assert.deepEqual(found, expected);
      assert.equal(
        found.counts.reduce((sum, count) => sum + count),
        found.rows,
      );
    });
  }

  it('come to the balances that the files themselves tell', async () => {
    for (const [name, balances] of Object.entries({
      'kraken-ledgers.csv': { BTC: '0.00498', DOT: '15.2123', EUR: '1028.607' },
      'gate-statement.csv': { USDT: '217.0098', BTC: '0.001996' },
      'coinbase-pro-account.csv': { BTC: '1.34923804', ETH: '52.3' },
    })) {
      const { booked } = await account(name, name.startsWith('gate') ? 'UTC' : undefined);
      for (const [asset, balance] of Object.entries(balances)) {
        const sum = booked.find((text) => text.startsWith(`${asset} `))?.split(' ')[1];
        assert.equal(fixed(sum ?? '0') - fixed(balance), ZERO, `${name} ${asset}`);
      }
    }
  });

  it('name the export to take instead of one that is not booked', async () => {
    await assert.rejects(account('binance-orders.csv'), (error: Problem) => {
      const [first] = error.errors ?? [];
      assert.deepEqual([first?.code, first?.params?.['exchange']], ['order-history', 'binance']);
      return true;
    });
  });
});
