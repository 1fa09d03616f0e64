import { decimal, decimalOrNull } from '../../money/money.ts';
import type { Disposal } from './disposal.ts';
import type { AcquireLeg } from './leg-kinds.ts';

/** What came into a holding and what went out of it, as the API tells it. Decimals as text, `null` if not known. */

export interface AcquisitionBody {
  entryId: string;
  time: string;
  reason: AcquireLeg['reason'];
  quantity: string;
  cost: string | null;
  grossCost: string | null;
  fee: string | null;
}

export interface DisposalBody {
  entryId: string;
  time: string;
  reason: Disposal['reason'];
  quantity: string;
  /** Sold without being held. */
  uncovered: string;
  proceeds: { gross: string | null; net: string | null };
  fee: string | null;
  costBasis: string | null;
  realizedPnl: { gross: string | null; net: string | null };
  matches: { entryId: string; time: string; quantity: string; costBasis: string | null }[];
}

export function acquisitionBody(leg: AcquireLeg): AcquisitionBody {
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

export function disposalBody(disposal: Disposal): DisposalBody {
  const { proceeds, realised } = disposal;
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
    matches: disposal.matches.map(({ entryId, time, quantity, cost }) => ({
      entryId,
      time: iso(time),
      quantity: decimal(quantity),
      costBasis: decimalOrNull(cost),
    })),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
