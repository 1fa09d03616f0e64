import { eachRow, type ImportFormat, type RawTransfer, sideOf } from '../reading/format.ts';
import { marktide, ownTrade, tagsOf, textOf } from './marktide.ts';

const KINDS: Readonly<Record<string, RawTransfer['kind'] | 'trade'>> = {
  trade: 'trade',
  체결: 'trade',
  deposit: 'deposit',
  입금: 'deposit',
  withdrawal: 'withdrawal',
  출금: 'withdrawal',
  income: 'income',
  보상: 'income',
};

/** Every kind of entry in one file, with a column that names the kind. */
export const ownEntries: ImportFormat = {
  ...marktide,
  columns: {
    ...Object.fromEntries(
      Object.entries(marktide.columns).map(([name, spec]) => [
        name,
        { ...spec, optional: name !== 'time' && name !== 'quantity' },
      ]),
    ),
    kind: { headings: ['kind', '종류'] },
    asset: { headings: ['asset', '자산'] },
    unitCost: { headings: ['unitCost', '단가'], optional: true, holds: 'number' },
  },
  source: { ...marktide.source, kind: 'kind', asset: 'asset', unitCost: 'unitCost' },
  read: eachRow((row) => {
    const word = row.text('kind').toLowerCase();
    const kind = KINDS[word] ?? (word === '' && sideOf(row.text('side')) !== null ? 'trade' : undefined);
    if (kind === undefined) {
      throw row.error('kind', 'wrong-value', `must be one of ${Object.keys(KINDS).join(', ')}`);
    }
    if (kind === 'trade') return { entries: [ownTrade(row)] };
    return {
      entries: [
        {
          kind,
          exchange: textOf(row, 'exchange'),
          externalId: textOf(row, 'externalId'),
          asset: row.text('asset'),
          quantity: row.number('quantity'),
          unitCost: row.numberOrNull('unitCost') ?? undefined,
          time: row.time('time'),
          note: textOf(row, 'note'),
          tags: tagsOf(row),
        },
      ],
    };
  }),
};
