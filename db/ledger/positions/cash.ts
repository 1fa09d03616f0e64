import { decimal, fixed, ZERO, type Fixed } from '../../../lib/money/money.ts';
import type { CashLeg } from '../../../lib/pnl/ledger/leg.ts';
import { emptyState, type AssetState } from '../../../lib/pnl/ledger/position.ts';
import type { Database } from '../../connection/database.ts';
import { only } from '../../connection/single-row.ts';
import { writeAtOnce, type Write } from '../../connection/write-at-once.ts';

/** Every UTC offset is a multiple of this, so no local midnight is inside such a period. */
export const CASH_SUM_MS = 900_000;

interface Sum {
  quantity: Fixed;
  contributions: Fixed;
  inflows: Fixed;
  income: Fixed;
  fees: Fixed;
}

/** Cash movements of a part of the ledger, by quarter of an hour. */
export class CashSums {
  readonly #sums = new Map<number, Sum>();

  /** A `sign` of −1n undoes a leg. */
  add(leg: CashLeg, sign: 1n | -1n = 1n): void {
    const time = Math.floor(leg.time / CASH_SUM_MS) * CASH_SUM_MS;
    let sum = this.#sums.get(time);
    if (sum === undefined) {
      sum = { quantity: ZERO, contributions: ZERO, inflows: ZERO, income: ZERO, fees: ZERO };
      this.#sums.set(time, sum);
    }
    sum.quantity += sign * leg.quantity;
    sum.contributions += sign * leg.contribution;
    if (leg.contribution > ZERO) sum.inflows += sign * leg.contribution;
    sum.income += sign * leg.income;
    sum.fees += sign * leg.fee;
  }

  /** Adds them to the stored ones; empty afterwards. */
  async save(trx: Database, portfolioId: string): Promise<void> {
    await writeAtOnce(trx, this.take(portfolioId));
  }

  /** What `save` writes. Empty afterwards. */
  take(portfolioId: string): Write[] {
    const rows = [...this.#sums];
    this.#sums.clear();
    if (rows.length === 0) return [];
    const column = (name: keyof Sum): string[] => rows.map(([, sum]) => decimal(sum[name]));
    return [
      {
        sql: `insert into cash_sums as known (portfolio_id, time, quantity, contributions, inflows, income, fees)
          select ?, * from unnest(?::timestamptz[], ?::numeric[], ?::numeric[], ?::numeric[], ?::numeric[], ?::numeric[])
          on conflict (portfolio_id, time) do update set
            quantity = known.quantity + excluded.quantity,
            contributions = known.contributions + excluded.contributions,
            inflows = known.inflows + excluded.inflows,
            income = known.income + excluded.income,
            fees = known.fees + excluded.fees`,
        bindings: [
          portfolioId,
          rows.map(([time]) => new Date(time).toISOString()),
          column('quantity'),
          column('contributions'),
          column('inflows'),
          column('income'),
          column('fees'),
        ],
      },
    ];
  }
}

/**
 * The base currency's state from the sums up to a time, which must be a multiple of `CASH_SUM_MS`. The shorter side is
 * added up: for the start of today, the few sums since then, which are subtracted from the current state.
 */
export async function cashBefore(
  db: Database,
  portfolioId: string,
  present: AssetState,
  time: number,
): Promise<AssetState> {
  const { rows }: { rows: (Record<keyof Sum, string> & { late: boolean })[] } = await db.raw(
    `with span as materialized (
       select coalesce(:time::timestamptz > min(time) + (max(time) - min(time)) / 2, false) as late
       from cash_sums where portfolio_id = :portfolioId
     ), sums as (
       select quantity, contributions, inflows, income, fees from cash_sums
       where portfolio_id = :portfolioId and time < :time and not (select late from span)
       union all
       select -quantity, -contributions, -inflows, -income, -fees from cash_sums
       where portfolio_id = :portfolioId and time >= :time and (select late from span)
     )
     select (select late from span) as late, coalesce(sum(quantity), 0) as quantity, coalesce(sum(income), 0) as income,
       coalesce(sum(contributions), 0) as contributions, coalesce(sum(inflows), 0) as inflows, coalesce(sum(fees), 0) as fees
     from sums`,
    { portfolioId, time: new Date(time) },
  );
  const sum = only(rows);
  const nothing = emptyState(present.asset);
  const from = sum.late ? present : nothing;
  const quantity = from.quantity + fixed(sum.quantity);
  const fees = from.fees + fixed(sum.fees);
  return {
    ...nothing,
    quantity,
    costBasis: quantity,
    grossCost: quantity,
    contributions: from.contributions + fixed(sum.contributions),
    inflows: from.inflows + fixed(sum.inflows),
    income: from.income + fixed(sum.income),
    fees,
    realisedNet: -fees,
  };
}

export async function dropCash(trx: Database, portfolioId: string): Promise<void> {
  await trx('cash_sums').where({ portfolio_id: portfolioId }).delete();
}
