import {
  eachRow,
  type ImportFormat,
  type RawSource,
  type RawTrade,
  type RawTransfer,
  sideOf,
} from '../reading/format.ts';
import type { Row } from '../reading/row.ts';
import { marktide, ownTrade, sequenceOf, tagsOf, textOf } from './marktide.ts';

type Kind = RawTransfer['kind'] | 'trade';

const KINDS: Readonly<Record<string, Kind>> = {
  trade: 'trade',
  체결: 'trade',
  deposit: 'deposit',
  입금: 'deposit',
  withdrawal: 'withdrawal',
  출금: 'withdrawal',
  reward: 'income',
  income: 'income',
  보상: 'income',
  fee: 'fee',
  rebate: 'rebate',
  adjustment: 'adjustment',
  convert: 'convert',
  transfer: 'transfer',
};

/** The columns that some kinds have, and which: what a kind cannot have is refused and not left out. */
const OF_KINDS: Readonly<Record<string, readonly Kind[]>> = {
  symbol: ['trade'],
  side: ['trade'],
  price: ['trade'],
  type: ['trade'],
  orderId: ['trade'],
  feeAmount: ['trade', 'transfer'],
  feeCurrency: ['trade', 'transfer'],
  unitCost: ['deposit', 'withdrawal', 'income', 'fee', 'rebate', 'adjustment', 'convert'],
  subtype: ['income', 'adjustment'],
  reason: ['adjustment'],
  txid: ['deposit', 'withdrawal', 'transfer'],
  toAccount: ['transfer'],
  from: ['convert'],
};

/** A source of a conversion as this program writes it: `ETH 0.5`, or `ETH 0.5 = 4` with what was got for it. */
const SOURCE = /^(\S{1,30}) (\d+(?:\.\d+)?)(?: = (\d+(?:\.\d+)?))?$/;

function sourcesOf(row: Row): RawSource[] {
  return row
    .text('from')
    .split(';')
    .map((part) => {
      const [, asset, quantity, received] = SOURCE.exec(part.trim()) ?? [];
      if (asset !== undefined && quantity !== undefined) return { asset, quantity, received };
      throw row.error('from', 'wrong-value', 'must be sources such as `ETH 0.5; BNB 0.01`');
    });
}

function kindOf(row: Row): Kind {
  const word = row.text('kind').toLowerCase();
  const kind = KINDS[word] ?? (word === '' && sideOf(row.text('side')) !== null ? 'trade' : undefined);
  if (kind === undefined) {
    throw row.error('kind', 'wrong-value', `must be one of ${Object.keys(KINDS).join(', ')}`);
  }
  for (const [column, kinds] of Object.entries(OF_KINDS)) {
    if (!kinds.includes(kind) && row.text(column) !== '') {
      throw row.error(
        column,
        'wrong-value',
        `is nothing that an entry of the kind ${word} has: leave it empty`,
      );
    }
  }
  return kind;
}

function feeOf(row: Row): RawTrade['fee'] {
  const amount = row.numberOrNull('feeAmount');
  if (amount === null) return undefined;
  const currency = row.text('feeCurrency');
  if (currency === '') throw row.error('feeCurrency', 'empty', 'is empty, but there is a fee');
  return { amount, currency };
}

/** What `GET …/entries.csv` gives: every kind of entry in one file, with a column that names the kind. */
export const ownEntries: ImportFormat = {
  ...marktide,
  columns: {
    ...Object.fromEntries(
      Object.entries(marktide.columns).map(([name, spec]) => [
        name,
        { ...spec, optional: name !== 'time' && name !== 'quantity' },
      ]),
    ),
    time: { headings: ['time', '시각', '체결시각'], holds: 'time' },
    kind: { headings: ['kind', '종류'] },
    asset: { headings: ['asset', '자산'] },
    unitCost: { headings: ['unitCost', '단가'], optional: true, holds: 'number' },
    subtype: { headings: ['subtype', '세부종류'], optional: true },
    account: { headings: ['account', '계정'], optional: true },
    toAccount: { headings: ['toAccount', '받는계정'], optional: true },
    from: { headings: ['from', '전환원본'], optional: true },
    txid: { headings: ['txid', '트랜잭션ID'], optional: true },
    reason: { headings: ['reason', '사유'], optional: true },
  },
  source: {
    ...marktide.source,
    kind: 'kind',
    asset: 'asset',
    unitCost: 'unitCost',
    subtype: 'subtype',
    account: 'account',
    toAccount: 'toAccount',
    from: 'from',
    to: 'asset',
    txid: 'txid',
    reason: 'reason',
  },
  read: eachRow((row) => {
    const kind = kindOf(row);
    const account = textOf(row, 'account');
    if (kind === 'trade') return { entries: [{ ...ownTrade(row), account }] };
    return {
      entries: [
        {
          kind,
          exchange: textOf(row, 'exchange'),
          account,
          externalId: textOf(row, 'externalId'),
          asset: row.text('asset'),
          quantity: row.number('quantity'),
          unitCost: row.numberOrNull('unitCost') ?? undefined,
          subtype: row.text('subtype') || undefined,
          reason: textOf(row, 'reason'),
          txid: textOf(row, 'txid'),
          toAccount: textOf(row, 'toAccount'),
          fee: feeOf(row),
          from: kind === 'convert' ? sourcesOf(row) : undefined,
          time: row.time('time'),
          note: textOf(row, 'note'),
          tags: tagsOf(row),
          sequence: sequenceOf(row),
        },
      ],
    };
  }),
};
