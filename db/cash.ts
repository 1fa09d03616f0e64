import { decimal, fixed, ZERO, type Fixed } from '../lib/money.ts';
import type { CashLeg } from '../lib/pnl/leg.ts';
import { emptyState, type AssetState } from '../lib/pnl/position.ts';
import type { Database } from './database.ts';

/** Every offset of every time zone is a multiple of this: no local midnight lies inside a sum. */
export const CASH_SUM_MS = 900_000;

interface Sum {
  quantity: Fixed;
  contributions: Fixed;
  inflows: Fixed;
  income: Fixed;
}

/** Cash moves of a stretch of the ledger, by quarter of an hour. */
export class CashSums {
  readonly #sums = new Map<number, Sum>();

  /** `sign` −1n takes a leg back. */
  add(leg: CashLeg, sign: 1n | -1n = 1n): void {
    const time = Math.floor(leg.time / CASH_SUM_MS) * CASH_SUM_MS;
    let sum = this.#sums.get(time);
    if (sum === undefined) {
      sum = { quantity: ZERO, contributions: ZERO, inflows: ZERO, income: ZERO };
      this.#sums.set(time, sum);
    }
    sum.quantity += sign * leg.quantity;
    sum.contributions += sign * leg.contribution;
    if (leg.contribution > ZERO) sum.inflows += sign * leg.contribution;
    sum.income += sign * leg.income;
  }

  /** Adds them to what is stored, and is empty after it. */
  async save(trx: Database, portfolioId: string): Promise<void> {
    const rows = [...this.#sums];
    this.#sums.clear();
    if (rows.length === 0) return;
    const column = (name: keyof Sum): string[] => rows.map(([, sum]) => decimal(sum[name]));
    await trx.raw(
      `insert into cash_sums as known (portfolio_id, time, quantity, contributions, inflows, income)
       select ?, * from unnest(?::timestamptz[], ?::numeric[], ?::numeric[], ?::numeric[], ?::numeric[])
       on conflict (portfolio_id, time) do update set
         quantity = known.quantity + excluded.quantity,
         contributions = known.contributions + excluded.contributions,
         inflows = known.inflows + excluded.inflows,
         income = known.income + excluded.income`,
      [
        portfolioId,
        rows.map(([time]) => new Date(time).toISOString()),
        column('quantity'),
        column('contributions'),
        column('inflows'),
        column('income'),
      ],
    );
  }
}

/** The base currency's state from the sums that end at or before a time, which must be a multiple of `CASH_SUM_MS`. */
export async function cashBefore(
  db: Database,
  portfolioId: string,
  baseCurrency: string,
  time: number,
): Promise<AssetState> {
  const { rows }: { rows: Record<keyof Sum, string>[] } = await db.raw(
    `select coalesce(sum(quantity), 0) as quantity, coalesce(sum(contributions), 0) as contributions,
       coalesce(sum(inflows), 0) as inflows, coalesce(sum(income), 0) as income
     from cash_sums where portfolio_id = ? and time < ?`,
    [portfolioId, new Date(time)],
  );
  const [sum] = rows;
  const state = emptyState(baseCurrency);
  if (sum === undefined) return state;
  const quantity = fixed(sum.quantity);
  return {
    ...state,
    quantity,
    costBasis: quantity,
    grossCost: quantity,
    contributions: fixed(sum.contributions),
    inflows: fixed(sum.inflows),
    income: fixed(sum.income),
  };
}

export async function dropCash(trx: Database, portfolioId: string): Promise<void> {
  await trx('cash_sums').where({ portfolio_id: portfolioId }).delete();
}
