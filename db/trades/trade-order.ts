import type { Knex } from 'knex';
import type { KeyKind } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import type { TradeFilter } from './trade-query.ts';

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

/** Trades sorted by the same columns, none of them null. */
export interface SortedPart {
  keys: readonly SortKey[];
  /** Restricts a query of `ledger_entries as e` to them. */
  narrow: (query: Knex.QueryBuilder) => void;
  /**
   * Rows that are adjacent in this order are scattered over the table, whereas rows adjacent in time are stored
   * together.
   */
  isScattered: boolean;
  /** The ids of a set of entries that includes every match in this part, if it can be small: at most so many. */
  onlyFrom?: (
    db: Database,
    portfolioId: string,
    filter: TradeFilter,
    most: number,
  ) => Promise<string[] | null>;
  /**
   * The same along the index of the order alone. Whatever `limited` does to its rows happens before the trades or their
   * results are looked up, because no planner knows how many rows a join will yield.
   * @returns trades as `e`
   */
  along?: (
    db: Database,
    portfolioId: string,
    limited: (rows: Knex.QueryBuilder) => Knex.QueryBuilder | Knex.Raw,
  ) => Knex.QueryBuilder;
  /** The rows of `along` before they are joined, `r`, contain all the columns that `wherePlain` uses. */
  isPlain?: boolean;
}

const id: SortKey = { column: 'e.id', kind: 'uuid' };
const byTime: SortKey[] = [{ column: 'e.time', kind: 'number' }, { column: 'e.tie', kind: 'text' }, id];
const all = (): void => undefined;

/** What the index of an order contains besides its keys. */
const INCLUDED = ['r.time', 'r.base', 'r.quote', 'r.side'];

/** Trades that have the figure come first and those for which it is unknown last, in either direction. */
function byFigure(figure: 'value' | 'fee_value'): SortedPart[] {
  return [
    {
      keys: [
        { column: `r.${figure}`, kind: 'decimal' },
        { column: 'r.id', kind: 'uuid' },
      ],
      narrow: (query) =>
        void query.joinRaw(`cross join lateral (select e.id, e.${figure}) as r`).whereNotNull(`e.${figure}`),
      isScattered: true,
      isPlain: true,
      along(db, portfolioId, limited) {
        const rows = db('ledger_entries as r')
          .where({ 'r.portfolio_id': portfolioId, 'r.kind': 'trade' })
          .whereNotNull(`r.${figure}`)
          .select(['r.id', `r.${figure}`, ...INCLUDED]);
        return db
          .from(db.raw('? as r', [limited(rows)]))
          .join('ledger_entries as e', 'e.id', 'r.id')
          .where({ 'e.kind': 'trade' });
      },
    },
    { keys: [id], narrow: (query) => void query.whereNull(`e.${figure}`), isScattered: false },
  ];
}

function withoutResult(query: Knex.QueryBuilder): void {
  void query.whereRaw(
    'not exists (select 1 from trade_results r where r.entry_id = e.id and r.net is not null)',
  );
}

/**
 * A purchase realises something only if it buys the portfolio's own currency, because what it is paid with is then
 * sold.
 */
async function boughtMoney(
  db: Database,
  portfolioId: string,
  { side }: TradeFilter,
  most: number,
): Promise<string[] | null> {
  if (side !== 'buy') return null;
  const own = db('portfolios').where({ id: portfolioId }).select('base_currency');
  const bought = db('ledger_entries').where({ portfolio_id: portfolioId }).where('base', own);
  return await bought.orderBy(['time', 'tie']).limit(most).pluck('id');
}

/** The parts of each order, one after the other. Each has an index, and all keys of a part have the same direction. */
export const SORTED_PARTS: Record<TradeSort, SortedPart[]> = {
  time: [{ keys: byTime, narrow: all, isScattered: false }],
  symbol: [
    { keys: [{ column: 'e.symbol collate "C"', kind: 'text' }, ...byTime], narrow: all, isScattered: true },
  ],
  value: byFigure('value'),
  fee: byFigure('fee_value'),
  pnl: [
    {
      keys: [
        { column: 'r.net', kind: 'decimal' },
        { column: 'r.entry_id', kind: 'uuid' },
      ],
      narrow: (query) =>
        void query.join('trade_results as r', (on) => void on.on('r.entry_id', 'e.id')).whereNotNull('r.net'),
      isScattered: true,
      onlyFrom: boughtMoney,
      isPlain: true,
      along(db, portfolioId, limited) {
        const rows = db('trade_results as r').where('r.portfolio_id', portfolioId).whereNotNull('r.net');
        return db
          .from(db.raw('? as r', [limited(rows.select(['r.entry_id', 'r.net', ...INCLUDED]))]))
          .join('ledger_entries as e', 'e.id', 'r.entry_id')
          .where({ 'e.kind': 'trade' });
      },
    },
    {
      keys: [id],
      narrow: withoutResult,
      // Each one is looked up among the results.
      isScattered: true,
      along(db, portfolioId, limited) {
        const rows = db('ledger_entries as e').where({ 'e.portfolio_id': portfolioId, 'e.kind': 'trade' });
        // The condition is always true. It keeps the planner on the index of ids: the index of values contains
        // everything else that the query asks of entries, and would be read in full. Results are looked up one by one;
        // with a join, all of them might be read.
        void rows.whereRaw("e.tie >= ''");
        return db
          .from(db.raw('? as e', [limited(rows.select('e.*'))]))
          .whereRaw('(select net from trade_results r where r.entry_id = e.id) is null');
      },
    },
  ],
};

/** The position of a trade in an order: the part, and its keys there. */
export interface TradePlace {
  part: number;
  keys: (string | number)[];
}

/** Restricts a query of `ledger_entries as e` to one part of an order, after a position in it. */
export function narrowTo(
  query: Knex.QueryBuilder,
  sorted: SortedPart,
  order: 'asc' | 'desc',
  after: TradePlace['keys'] | null,
): void {
  sorted.narrow(query);
  continueFrom(query, sorted, order, after);
}

/** Restricts it to what comes after a position in the order. */
export function continueFrom(
  query: Knex.QueryBuilder,
  { keys }: SortedPart,
  order: 'asc' | 'desc',
  after: TradePlace['keys'] | null,
): void {
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
