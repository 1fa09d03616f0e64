import type { Warning } from '../api.ts';
import { text } from '../text/text.ts';

/** A warning as one line. */
export function describe({ code, asset, symbol }: Warning): string {
  switch (code) {
    case 'missing-history':
      return text('warning.missing-history');
    case 'undefined-rate':
      return text('warning.undefined-rate');
    case 'gathered-flows':
      return text('warning.gathered-flows');
    case 'other-market':
      return text('warning.other-market');
    default:
      return text(`warning.${code}`, { asset: asset ?? symbol ?? text('someAssets') });
  }
}

/**
 * Why a figure (`equity`, `day.pnl`, `weight`) is unknown: the warnings that name it, those of the asset
 * first. If none names it, every warning about missing data may be the reason. `''` if no warning explains
 * it.
 */
export function reasonOf(warnings: readonly Warning[], figure: string, asset?: string): string {
  const naming = warnings.filter(({ figures }) => figures?.includes(figure));
  const own = naming.filter((warning) => warning.asset === asset);
  const missing = warnings.filter(({ code }) => code.startsWith('missing-'));
  const reasons = [own, naming, missing].find((list) => list.length > 0) ?? [];
  return [...new Set(reasons.map(describe))].slice(0, 2).join(' · ');
}
