import type { Knex } from 'knex';
import type { KeyKind } from './cursor.ts';

export const TRADE_SORTS = ['time', 'symbol', 'value', 'fee', 'pnl'] as const;
export type TradeSort = (typeof TRADE_SORTS)[number];

export interface TradeOrder {
  sort: TradeSort;
  order: 'asc' | 'desc';
}

export interface SortKey {
  column: string;
  kind: KeyKind;
}

/** Trades that are sorted by the same columns, none of them null. */
export interface SortedPart {
  keys: readonly SortKey[];
  /** Takes only those into a query of `ledger_entries as e`. */
  narrow: (query: Knex.QueryBuilder) => void;
}

const id: SortKey = { column: 'e.id', kind: 'uuid' };
const byTime: SortKey[] = [{ column: 'e.time', kind: 'number' }, { column: 'e.tie', kind: 'text' }, id];
const all = (): void => undefined;

/** Those that have the figure, and behind them, in either order, those of which it is not known. */
function byFigure(column: 'e.value' | 'e.fee_value'): SortedPart[] {
  return [
    { keys: [{ column, kind: 'decimal' }, id], narrow: (query) => void query.whereNotNull(column) },
    { keys: [id], narrow: (query) => void query.whereNull(column) },
  ];
}

/** The parts of each order, one behind the other. Each has an index, and all keys of a part go the same way. */
export const SORTED_PARTS: Record<TradeSort, SortedPart[]> = {
  time: [{ keys: byTime, narrow: all }],
  symbol: [{ keys: [{ column: 'e.symbol collate "C"', kind: 'text' }, ...byTime], narrow: all }],
  value: byFigure('e.value'),
  fee: byFigure('e.fee_value'),
  pnl: [
    {
      keys: [
        { column: 'r.net', kind: 'decimal' },
        { column: 'r.entry_id', kind: 'uuid' },
      ],
      narrow: (query) =>
        void query
          .join(
            'trade_results as r',
            (on) => void on.on('r.entry_id', 'e.id').on('r.portfolio_id', 'e.portfolio_id'),
          )
          .whereNotNull('r.net'),
    },
    {
      keys: [id],
      narrow: (query) =>
        void query.whereRaw(
          'not exists (select 1 from trade_results r where r.entry_id = e.id and r.net is not null)',
        ),
    },
  ],
};

/** Where in an order a trade stands: in which part, and what its keys are there. */
export interface TradePlace {
  part: number;
  keys: (string | number)[];
}

/** Takes only a part of an order, behind a place in it, into a query of `ledger_entries as e`. */
export function narrowTo(
  query: Knex.QueryBuilder,
  { keys, narrow }: SortedPart,
  order: 'asc' | 'desc',
  after: TradePlace['keys'] | null,
): void {
  narrow(query);
  if (after === null) return;
  const values = keys.map(({ kind }, index) => {
    const value = after[index] ?? '';
    return kind === 'number' ? new Date(value) : value;
  });
  const columns = keys.map(({ column }) => column).join(', ');
  const casts = keys.map(({ kind }) => CASTS[kind]).join(', ');
  void query.whereRaw(`(${columns}) ${order === 'asc' ? '>' : '<'} (${casts})`, values);
}

const CASTS: Record<SortKey['kind'], string> = {
  number: '?::timestamptz',
  text: '?::text',
  decimal: '?::numeric',
  uuid: '?::uuid',
};
