import { decimalOrNull, fixed, ZERO, type Fixed } from '../../money/money.ts';
import { allocationOf, type AllocationBody, type ShareBody } from './allocation.ts';
import type { HoldingBody } from './holding-body.ts';
import { ratio } from '../../money/ratio.ts';
import type { PnlBody } from './snapshot.ts';
import { plus } from '../../money/unknown.ts';
import type { Warning } from './warning.ts';

/** Assets that a summary names; `GET …/allocation` has them all. */
const NAMED = 20;

/** What a portfolio is at a glance: the figures of `GET …/pnl`, and how they are spread. */
export interface SummaryBody extends PnlBody {
  /** `totalPnl` ÷ `netContributions`; `null` when these are not positive. */
  totalRate: string | null;
  /** How many coins are held. */
  coins: number;
  allocation: {
    byKind: AllocationBody['byKind'];
    /** The largest. */
    byAsset: AllocationBody['byAsset'];
    /** All assets that are not in `byAsset`; `null` when there are none. */
    others: ({ count: number } & ShareBody) | null;
  };
}

function known(text: string | null): Fixed | null {
  return text === null ? null : fixed(text);
}

/** @param holdings those of the same valuation, all of them */
export function summaryBody(pnl: PnlBody, holdings: readonly HoldingBody[]): SummaryBody {
  const { baseCurrency, equity } = pnl;
  const { byKind, byAsset } = allocationOf(holdings, { equity, baseCurrency });
  const rest = byAsset.slice(NAMED);
  // Beside a known equity, what has no value is left out of it.
  const unknown = equity === null ? null : ZERO;
  const value = rest.reduce<Fixed | null>(
    (sum, share) => plus(sum, known(share.marketValue) ?? unknown),
    ZERO,
  );
  const others = {
    count: rest.length,
    marketValue: decimalOrNull(value),
    weight: ratio(value, known(equity)),
  };
  const [gain, invested] = [known(pnl.totalPnl), known(pnl.netContributions)];
  const totalRate = ratio(gain, invested);
  const isUndefined = totalRate === null && gain !== null && invested !== null;
  return {
    ...pnl,
    totalRate,
    coins: holdings.filter(({ asset }) => asset !== baseCurrency).length,
    allocation: { byKind, byAsset: byAsset.slice(0, NAMED), others: rest.length === 0 ? null : others },
    warnings: isUndefined ? withUndefined(pnl.warnings, 'totalRate') : pnl.warnings,
  };
}

/** A rate of nothing is undefined, and named beside the others that are. */
function withUndefined(warnings: readonly Warning[], figure: string): Warning[] {
  const others = warnings.filter(({ code }) => code !== 'undefined-rate');
  const [found] = warnings.filter(({ code }) => code === 'undefined-rate');
  const detail = found?.detail ?? 'Nothing is invested that a rate could refer to.';
  return [...others, { code: 'undefined-rate', detail, figures: [...(found?.figures ?? []), figure] }];
}
