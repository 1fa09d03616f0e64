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

/** Trades that are sorted by the same columns, none of them null. */
export interface SortedPart {
  keys: readonly SortKey[];
  /** Takes only those into a query of `ledger_entries as e`. */
  narrow: (query: Knex.QueryBuilder) => void;
  /** The next in order lie far apart in the table, where the next in time lie beside each other. */
  isScattered: boolean;
  /** Ids of the entries among which all are that fit in this part, where there can be few: at most so many. */
  onlyFrom?: (
    db: Database,
    portfolioId: string,
    filter: TradeFilter,
    most: number,
  ) => Promise<string[] | null>;
  /**
   * The same along the index of the order alone. What `limited` makes of its rows is done before the trades, or their
   * results, are looked up: no planner knows how many rows come out of a join.
   * @returns trades as `e`
   */
  along?: (
    db: Database,
    portfolioId: string,
    limited: (rows: Knex.QueryBuilder) => Knex.QueryBuilder | Knex.Raw,
  ) => Knex.QueryBuilder;
  /** The rows of `along` before they are joined, `r`, know all of their trades that `wherePlain` asks. */
  isPlain?: boolean;
}

const id: SortKey = { column: 'e.id', kind: 'uuid' };
const byTime: SortKey[] = [{ column: 'e.time', kind: 'number' }, { column: 'e.tie', kind: 'text' }, id];
const all = (): void => undefined;

/** All that is in the index of an order beside its keys. */
const INCLUDED = ['r.time', 'r.base', 'r.quote', 'r.side'];

/** Those that have the figure, and behind them, in either order, those of which it is not known. */
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

/** A purchase realises something only where it buys the portfolio's own currency: what it is paid with is sold. */
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

/** The parts of each order, one behind the other. Each has an index, and all keys of a part go the same way. */
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
      // Each is looked up among the results.
      isScattered: true,
      along(db, portfolioId, limited) {
        const rows = db('ledger_entries as e').where({ 'e.portfolio_id': portfolioId, 'e.kind': 'trade' });
        // The condition, which always holds, keeps to the index of ids: that of values has all that is asked of entries
        // otherwise, and would be read whole. Results are looked up for each: joined, all of them might be read.
        void rows.whereRaw("e.tie >= ''");
        return db
          .from(db.raw('? as e', [limited(rows.select('e.*'))]))
          .whereRaw('(select net from trade_results r where r.entry_id = e.id) is null');
      },
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
  sorted: SortedPart,
  order: 'asc' | 'desc',
  after: TradePlace['keys'] | null,
): void {
  sorted.narrow(query);
  continueFrom(query, sorted, order, after);
}

/** Only what is behind a place in the order. */
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
