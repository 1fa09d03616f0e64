import type { RawEntry, RawTransfer, RawTrade } from '../../../../lib/import/reading/format.ts';

/** What a row of a fixture means: its line, and the entry as it would be sent over REST. */
export type Expected = [line: number, entry: RawEntry][];

const trade = (
  exchange: string,
  symbol: string,
  [side, quantity, price]: [string, string, string],
  time: string,
  fee?: [amount: string, currency: string],
): RawTrade => ({
  kind: 'trade',
  exchange,
  symbol,
  side,
  quantity,
  price,
  fee: fee === undefined ? undefined : { amount: fee[0], currency: fee[1] },
  time: Date.parse(time),
});

const transfer = (
  exchange: string,
  kind: RawTransfer['kind'],
  [quantity, asset]: [string, string],
  time: string,
): RawTransfer => ({ kind, exchange, asset, quantity, time: Date.parse(time) });

/** Read off the fixtures by hand: Korean times are nine hours ahead of UTC. */
export const EXPECTED: Record<string, { format: string; tz?: string; rows: Expected }> = {
  'upbit.csv': {
    format: 'upbit',
    rows: [
      [
        2,
        trade('upbit', 'BTC/KRW', ['sell', '0.00500000', '90120000'], '2026-03-02T09:05:07Z', [
          '225.3',
          'KRW',
        ]),
      ],
      [
        3,
        trade('upbit', 'BTC/KRW', ['buy', '0.01000000', '89886000'], '2026-03-02T09:00:00Z', [
          '449.43',
          'KRW',
        ]),
      ],
      [
        4,
        trade('upbit', 'BTC/KRW', ['buy', '0.01000000', '89886000'], '2026-03-02T09:00:00Z', [
          '449.43',
          'KRW',
        ]),
      ],
      [5, transfer('upbit', 'deposit', ['2000000', 'KRW'], '2026-03-02T00:10:00Z')],
      [
        6,
        trade('upbit', 'XRP/BTC', ['buy', '100', '0.00000812'], '2026-02-28T15:30:00Z', [
          '0.00000203',
          'BTC',
        ]),
      ],
    ],
  },
  'upbit-pasted.tsv': {
    format: 'upbit',
    rows: [
      [2, trade('upbit', 'BTC/KRW', ['sell', '0.005', '120000000'], '2026-03-01T05:23:00Z', ['300', 'KRW'])],
      [
        3,
        {
          ...transfer('upbit', 'withdrawal', ['101', 'USDT'], '2026-02-28T01:00:00Z'),
          fee: { amount: '1', currency: 'USDT' },
        },
      ],
      [4, trade('upbit', 'ETH/KRW', ['buy', '1.5', '4000000'], '2026-02-27T00:00:00Z', ['3000', 'KRW'])],
    ],
  },
  'bithumb.csv': {
    format: 'bithumb',
    rows: [
      [
        4,
        {
          ...transfer('bithumb', 'withdrawal', ['5034802', 'KRW'], '2026-06-12T03:18:55Z'),
          fee: { amount: '1000', currency: 'KRW' },
        },
      ],
      [
        5,
        trade('bithumb', 'BTC/KRW', ['sell', '0.02281208', '95340000.0000'], '2026-06-12T03:18:21Z', [
          '869.96',
          'KRW',
        ]),
      ],
      [
        6,
        trade('bithumb', 'BTC/KRW', ['buy', '0.01895799', '95361000.0000'], '2026-06-11T15:15:48Z', [
          '723.14',
          'KRW',
        ]),
      ],
      [7, trade('bithumb', 'ETH/BTC', ['buy', '0.03000000', '0.06240000'], '2026-06-09T00:04:33Z')],
      [
        8,
        {
          ...transfer('bithumb', 'income', ['8.1632653', 'ESP'], '2026-06-04T23:40:10Z'),
          subtype: undefined,
        },
      ],
    ],
  },
  'binance-report.csv': {
    format: 'binance',
    rows: [
      [
        2,
        trade('binance', 'BTC/USDT', ['buy', '0.00236', '87622.38'], '2025-12-25T23:30:15Z', [
          '0.00018534',
          'BNB',
        ]),
      ],
      [
        3,
        trade('binance', '1INCH/USDT', ['sell', '50', '0.2145'], '2025-12-26T00:00:01Z', [
          '0.010725',
          'USDT',
        ]),
      ],
    ],
  },
  'binance-market.csv': {
    format: 'binance',
    rows: [
      [
        2,
        trade('binance', 'AST/BTC', ['sell', '263', '0.00001426'], '2018-10-24T02:06:18Z', [
          '0.00000375',
          'BTC',
        ]),
      ],
      [
        3,
        trade('binance', 'XLM/ETH', ['buy', '123', '0.00012345'], '2018-01-20T16:59:59Z', ['0.123', 'XLM']),
      ],
    ],
  },
  'binance-orders-page.csv': {
    format: 'binance',
    tz: 'UTC+9',
    rows: [
      [
        2,
        trade('binance', 'XAUT/USDT', ['buy', '0.1234', '4000.00'], '2026-01-02T09:31:37Z', [
          '0.0006100',
          'BNB',
        ]),
      ],
      [
        3,
        trade('binance', '1INCH/USDT', ['sell', '10.5', '0.25'], '2025-11-28T04:29:41Z', [
          '0.010500',
          '1INCH',
        ]),
      ],
      [4, trade('binance', 'ETH/BTC', ['buy', '0.5', '0.05'], '2026-01-01T15:10:00Z', ['0.0005', 'ETH'])],
    ],
  },
  'binance-korean.csv': {
    format: 'binance',
    rows: [
      [2, trade('binance', 'BTC/USDT', ['buy', '0.05', '68000'], '2024-05-01T10:00:00Z', ['0.00005', 'BTC'])],
      [3, trade('binance', 'ETH/FDUSD', ['sell', '2', '3500'], '2024-05-02T14:00:00Z', ['7', 'FDUSD'])],
    ],
  },
};
