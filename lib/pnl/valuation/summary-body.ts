import { decimalOrNull, fixed, ZERO, type Fixed } from '../../money/money.ts';
import { allocationOf } from './allocation.ts';
import { ratio } from '../../money/ratio.ts';
import { plus } from '../../money/unknown.ts';
import type { HoldingBody } from '../../schemas/holding-schema.ts';
import type { PnlBody } from '../../schemas/pnl-schema.ts';
import type { SummaryBody } from '../../schemas/summary-schema.ts';
import type { Warning } from '../../schemas/warning-schema.ts';

/** How many assets a summary lists; `GET …/allocation` has them all. */
const NAMED = 20;

function known(text: string | null): Fixed | null {
  return text === null ? null : fixed(text);
}

/** @param holdings of the same valuation, all of them */
export function summaryBody(pnl: PnlBody, holdings: readonly HoldingBody[]): SummaryBody {
  const { baseCurrency, equity } = pnl;
  const { byKind, byAsset } = allocationOf(holdings, { equity, baseCurrency });
  const rest = byAsset.slice(NAMED);
  // If equity is known, amounts without a value are left out of it.
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

/** A rate whose base is zero is undefined, and listed with the other undefined ones. */
function withUndefined(warnings: readonly Warning[], figure: string): Warning[] {
  const others = warnings.filter(({ code }) => code !== 'undefined-rate');
  const [found] = warnings.filter(({ code }) => code === 'undefined-rate');
  const detail = found?.detail ?? 'Nothing is invested that a rate could refer to.';
  return [...others, { code: 'undefined-rate', detail, figures: [...(found?.figures ?? []), figure] }];
}
