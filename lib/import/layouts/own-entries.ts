import { TOKEN_CHANGES } from '../../pnl/ledger/entry.ts';
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
  rename: 'rename',
  redenomination: 'redenomination',
  fork: 'fork',
};

/**
 * The columns that only some kinds have: a value that does not fit the kind is refused rather than ignored.
 */
const OF_KINDS: Readonly<Record<string, readonly Kind[]>> = {
  symbol: ['trade'],
  side: ['trade'],
  price: ['trade'],
  type: ['trade'],
  orderId: ['trade'],
  feeAmount: ['trade', 'transfer', 'withdrawal'],
  feeCurrency: ['trade', 'transfer', 'withdrawal'],
  unitCost: ['deposit', 'withdrawal', 'income', 'fee', 'rebate', 'adjustment', 'convert'],
  subtype: ['income', 'adjustment'],
  reason: ['adjustment'],
  txid: ['deposit', 'withdrawal', 'transfer'],
  toAccount: ['transfer'],
  confirmed: ['withdrawal'],
  joinedWith: ['deposit', 'withdrawal'],
  from: ['convert', ...TOKEN_CHANGES],
};

/**
 * A source of a conversion as this program writes it: `ETH 0.5`, or `ETH 0.5 = 4` with the quantity received
 * for it.
 */
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

function confirmedIn(row: Row): boolean | undefined {
  const word = row.text('confirmed').toLowerCase();
  if (word === '' || word === 'false') return undefined;
  if (word !== 'true') throw row.error('confirmed', 'wrong-value', 'must be `true`, `false` or empty');
  return true;
}

/** The output of `GET …/entries.csv`: entries of every kind in one file, with a column for the kind. */
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
    confirmed: { headings: ['confirmed', '확정'], optional: true },
    joinedWith: { headings: ['joinedWith', '연결ID'], optional: true },
    id: { headings: ['id', 'ID'], optional: true },
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
    confirmed: 'confirmed',
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
          confirmed: confirmedIn(row),
          rowId: row.text('id') || undefined,
          joinedWith: row.text('joinedWith') || undefined,
          from: OF_KINDS['from']?.includes(kind) === true ? sourcesOf(row) : undefined,
          time: row.time('time'),
          note: textOf(row, 'note'),
          tags: tagsOf(row),
          sequence: sequenceOf(row),
        },
      ],
    };
  }),
};
