import { decimal, decimalOrNull, type Fixed, ZERO } from '../../money/money.ts';
import { plus } from '../../money/unknown.ts';
import type { Steps } from '../../steps.ts';
import type { Disposal } from '../ledger/disposal.ts';
import type { AcquireLeg, CarryReason } from '../ledger/leg-kinds.ts';
import type { AcquisitionBody, DisposalBody } from '../../schemas/explanation-schema.ts';

/** What came in. */
export interface Acquisition {
  entryId: string;
  time: number;
  reason: AcquireLeg['reason'] | CarryReason;
  quantity: Fixed;
  cost: Fixed | null;
  grossCost: Fixed | null;
  fee: Fixed | null;
}

export function acquisitionBody(leg: Acquisition): AcquisitionBody {
  return {
    entryId: leg.entryId,
    time: iso(leg.time),
    reason: leg.reason,
    quantity: decimal(leg.quantity),
    cost: decimalOrNull(leg.cost),
    grossCost: decimalOrNull(leg.grossCost),
    fee: decimalOrNull(leg.fee),
  };
}

/** Matches of one step: a sale may have used up very many lots. */
const MATCHES_A_STEP = 64;

/** @param limit of the lots that are listed; the others are summed up */
export function* disposalBody(disposal: Disposal, limit: number): Steps<DisposalBody> {
  const { proceeds, realised } = disposal;
  const matches: DisposalBody['matches'] = [];
  const unlisted: { count: number; quantity: Fixed; cost: Fixed | null } = {
    count: 0,
    quantity: ZERO,
    cost: ZERO,
  };
  for (const [index, { entryId, time, quantity, cost }] of disposal.matches.entries()) {
    if (index < limit) {
      matches.push({ entryId, time: iso(time), quantity: decimal(quantity), costBasis: decimalOrNull(cost) });
    } else {
      unlisted.count += 1;
      unlisted.quantity += quantity;
      unlisted.cost = plus(unlisted.cost, cost);
    }
    if ((index + 1) % MATCHES_A_STEP === 0) yield;
  }
  return {
    entryId: disposal.entryId,
    time: iso(disposal.time),
    reason: disposal.reason,
    quantity: decimal(disposal.quantity),
    uncovered: decimal(disposal.uncovered),
    proceeds: { gross: decimalOrNull(proceeds.gross), net: decimalOrNull(proceeds.net) },
    fee: decimalOrNull(disposal.fee),
    costBasis: decimalOrNull(disposal.cost),
    realizedPnl: { gross: decimalOrNull(realised.gross), net: decimalOrNull(realised.net) },
    matches,
    unlisted: {
      count: unlisted.count,
      quantity: decimal(unlisted.quantity),
      costBasis: decimalOrNull(unlisted.cost),
    },
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
