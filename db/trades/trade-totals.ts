import { fixed, type Fixed, ZERO } from '../../lib/money/money.ts';
import type { ClosedTradeSums } from '../../lib/pnl/performance/trade-stats.ts';
import type { Concerned, UnvaluedFees } from '../../lib/pnl/valuation/trade-warnings.ts';
import { plus } from '../../lib/money/unknown.ts';
import type { Database } from '../connection/database.ts';
import { tradeQuery, type TradeFilter } from './trade-query.ts';

/** Totals of trades. Amounts are in the base currency unless stated otherwise; `null` if one of them has no rate. */
export interface TradeTotals {
  bought: SideTotals;
  sold: SideTotals;
  /** By quote currency. */
  quotes: { currency: string; buys: number; sells: number; bought: Fixed; sold: Fixed }[];
  /** Epoch milliseconds of the first and the last trade. */
  span: { first: number; last: number } | null;
  /** Without those in `unvaluedFees`. */
  fees: Fixed | null;
  /** Fees in a third asset that have no known price. */
  unvaluedFees: UnvaluedFees[];
  /** By fee currency. */
  feesPaid: { currency: string; amount: Fixed }[];
  realised: { gross: Fixed | null; net: Fixed | null };
  closed: ClosedTradeSums;
  /** Trades with an unknown figure, and those that sold more than was held: their number and the first of them. */
  unrated: Concerned;
  oversold: Concerned;
  /** Trades whose fee is worth more than they are. */
  dearFees: Concerned;
}

interface SideTotals {
  count: number;
  value: Fixed | null;
}

/** Trades that one statement adds up. */
interface Group {
  quote: string;
  side: 'buy' | 'sell';
  fee_currency: string | null;
  trades: number;
  first: number;
  last: number;
  quoted: string;
  value: string | null;
  valued: number;
  fee: string | null;
  fee_value: string | null;
  fee_unknown: number;
  unvalued: number;
  unvalued_fee: string | null;
  sales: number;
  gross: string | null;
  gross_known: number;
  net: string | null;
  net_known: number;
  wins: number;
  losses: number;
  won: string | null;
  lost: string | null;
  held: number;
  held_ms: string | null;
  unrated: number;
  oversold: number;
  dear: number;
}

/**
 * SQL for the product of two positive columns, rounded as by `mul` of lib/money: half to even, to 18 places.
 * PostgreSQL's own `round` rounds half away from zero.
 */
export function roundedProduct(a: string, b: string): string {
  const product = `${a} * ${b}`;
  // Only a product with more digits can end in a half.
  return `case when min_scale(${product}) > 18 and mod(${product} * 1e18, 2) = 0.5 then trunc(${product}, 18)
  else round(${product}, 18) end`;
}

const QUOTED = roundedProduct('e.quantity', 'e.price');
/** A fee in a third asset without a price, which affects nothing else. */
const UNVALUED = '(e.value is not null and e.fee_value is null)';
const UNRATED = '(e.value is null or (r.entry_id is not null and (r.gross is null or r.net is null)))';
const DEAR = 'e.fee_value > e.value';
/** The results of sales, as `r`. */
export const JOINED_RESULTS = 'left join trade_results as r on r.entry_id = e.id';
/** The trades behind a warning. */
const NAMED = 10;

const SUMS = `e.quote, e.side, e.fee_currency, count(*) as trades, min(e.time) as first, max(e.time) as last,
  sum(${QUOTED}) as quoted, sum(e.value) as value, count(e.value) as valued,
  sum(e.fee_amount) as fee, sum(e.fee_value) as fee_value, 
  count(*) filter (where e.value is null and e.fee_value is null) as fee_unknown,
  count(*) filter (where ${UNVALUED}) as unvalued, sum(e.fee_amount) filter (where ${UNVALUED}) as unvalued_fee,
  count(r.entry_id) as sales, sum(r.gross) as gross, count(r.gross) as gross_known,
  sum(r.net) as net, count(r.net) as net_known,
  count(*) filter (where r.net > 0) as wins, count(*) filter (where r.net < 0) as losses,
  sum(r.net) filter (where r.net > 0) as won, -sum(r.net) filter (where r.net < 0) as lost,
  count(r.opened_at) filter (where r.net is not null) as held,
  sum(extract(epoch from e.time - r.opened_at)) filter (where r.net is not null) * 1000 as held_ms,
  count(*) filter (where ${UNRATED}) as unrated, count(*) filter (where r.uncovered > 0) as oversold,
  count(*) filter (where ${DEAR}) as dear`;

/**
 * Adds up the matching trades in the database.
 * @param trx a snapshot, because it takes several statements
 * @throws RangeError for an invalid symbol
 */
export async function tradeTotals(
  trx: Database,
  portfolioId: string,
  filter: TradeFilter,
): Promise<TradeTotals> {
  const groups: Group[] = await tradeQuery(trx, portfolioId, filter)
    .joinRaw(JOINED_RESULTS)
    .select(trx.raw(SUMS))
    .groupBy('e.quote', 'e.side', 'e.fee_currency');
  const ids = async (condition: string, bindings: string[] = []): Promise<string[]> => {
    const rows: { id: string }[] = await tradeQuery(trx, portfolioId, filter)
      .joinRaw(JOINED_RESULTS)
      .whereRaw(condition, bindings)
      .orderBy(['e.time', 'e.tie', 'e.id'])
      .limit(NAMED)
      .select('e.id');
    return rows.map(({ id }) => id);
  };
  const extreme = async (order: 'asc' | 'desc'): Promise<ClosedTradeSums['best']> => {
    const row: { id: string; net: string } | undefined = await tradeQuery(trx, portfolioId, filter)
      .joinRaw(JOINED_RESULTS)
      .whereNotNull('r.net')
      .orderBy([{ column: 'r.net', order }, 'e.time', 'e.tie', 'e.id'])
      .first('e.id', 'r.net');
    return row === undefined ? null : { entryId: row.id, profit: fixed(row.net) };
  };
  const count = (of: (group: Group) => number): number => groups.reduce((sum, group) => sum + of(group), 0);
  const known = count(({ net_known }) => net_known);
  const unrated = count((group) => group.unrated);
  const oversold = count((group) => group.oversold);
  const dear = count((group) => group.dear);
  const unvaluedFees: UnvaluedFees[] = [];
  for (const [currency, of] of by(groups, ({ unvalued, fee_currency }) =>
    unvalued > 0 ? fee_currency : null,
  )) {
    unvaluedFees.push({
      currency,
      amount: sum(of, ({ unvalued_fee }) => unvalued_fee),
      count: of.reduce((all, { unvalued }) => all + unvalued, 0),
      entries: await ids(`${UNVALUED} and e.fee_currency = ?`, [currency]),
    });
  }
  return {
    ...sumsOf(groups),
    unvaluedFees,
    closed: {
      count: known,
      wins: count(({ wins }) => wins),
      losses: count(({ losses }) => losses),
      unknown: count(({ sales }) => sales) - known,
      won: sum(groups, ({ won }) => won),
      lost: sum(groups, ({ lost }) => lost),
      best: known === 0 ? null : await extreme('desc'),
      worst: known === 0 ? null : await extreme('asc'),
      held: { trades: count(({ held }) => held), ms: count(({ held_ms: ms }) => Number(ms ?? 0)) },
    },
    unrated: { entries: unrated === 0 ? [] : await ids(UNRATED), count: unrated },
    oversold: { entries: oversold === 0 ? [] : await ids('r.uncovered > 0'), count: oversold },
    dearFees: { entries: dear === 0 ? [] : await ids(DEAR), count: dear },
  };
}

function sumsOf(
  groups: readonly Group[],
): Omit<TradeTotals, 'closed' | 'unrated' | 'oversold' | 'dearFees' | 'unvaluedFees'> {
  const side = (of: readonly Group[]): SideTotals => ({
    count: of.reduce((all, { trades }) => all + trades, 0),
    value: knownSum(of, (group) => [group.value, group.trades - group.valued]),
  });
  const bought = groups.filter((group) => group.side === 'buy');
  const sold = groups.filter((group) => group.side === 'sell');
  return {
    bought: side(bought),
    sold: side(sold),
    quotes: by(groups, ({ quote }) => quote).map(([currency, of]) => {
      const [buys, sells] = [
        of.filter((each) => bought.includes(each)),
        of.filter((each) => sold.includes(each)),
      ];
      return {
        currency,
        buys: side(buys).count,
        sells: side(sells).count,
        bought: sum(buys, ({ quoted }) => quoted),
        sold: sum(sells, ({ quoted }) => quoted),
      };
    }),
    span:
      groups.length === 0
        ? null
        : {
            first: Math.min(...groups.map(({ first }) => first)),
            last: Math.max(...groups.map(({ last }) => last)),
          },
    fees: knownSum(groups, (group) => [group.fee_value, group.fee_unknown]),
    feesPaid: by(groups, ({ fee_currency: currency }) => currency).map(([currency, of]) => ({
      currency,
      amount: sum(of, ({ fee }) => fee),
    })),
    realised: {
      gross: knownSum(groups, (group) => [group.gross, group.sales - group.gross_known]),
      net: knownSum(groups, (group) => [group.net, group.sales - group.net_known]),
    },
  };
}

function sum(groups: readonly Group[], of: (group: Group) => string | null): Fixed {
  return groups.reduce((total, group) => total + fixed(of(group) ?? '0'), ZERO);
}

/**
 * `null` if any of them is unknown.
 * @param of the sum of the known ones, and the number of the others
 */
function knownSum(
  groups: readonly Group[],
  of: (group: Group) => [sum: string | null, unknown: number],
): Fixed | null {
  return groups.reduce<Fixed | null>((total, group) => {
    const [known, unknown] = of(group);
    return plus(total, unknown > 0 ? null : fixed(known ?? '0'));
  }, ZERO);
}

/** Sorted by key; those without one are left out. */
function by(groups: readonly Group[], keyOf: (group: Group) => string | null): [string, Group[]][] {
  const found = new Map<string, Group[]>();
  for (const group of groups) {
    const key = keyOf(group);
    if (key !== null) found.set(key, [...(found.get(key) ?? []), group]);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}
