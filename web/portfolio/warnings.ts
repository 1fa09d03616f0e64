import type { Warning } from '../api.ts';
import { text } from '../text/text.ts';

/** A warning as one line. */
export function describe({ code, asset }: Warning): string {
  switch (code) {
    case 'missing-history':
      return text('warning.missing-history');
    case 'undefined-rate':
      return text('warning.undefined-rate');
    case 'gathered-flows':
      return text('warning.gathered-flows');
    default:
      return text(`warning.${code}`, { asset: asset ?? text('someAssets') });
  }
}

/**
 * Why a figure (`equity`, `day.pnl`, `weight`) is not known: the warnings that name it, those of the asset first.
 * Where none names it, everything that is missing is a reason. `''`: no warning tells.
 */
export function reasonOf(warnings: readonly Warning[], figure: string, asset?: string): string {
  const naming = warnings.filter(({ figures }) => figures?.includes(figure));
  const own = naming.filter((warning) => warning.asset === asset);
  const missing = warnings.filter(({ code }) => code.startsWith('missing-'));
  const reasons = [own, naming, missing].find((list) => list.length > 0) ?? [];
  return reasons.slice(0, 2).map(describe).join(' · ');
}
