import type { Start } from './carry-edges.ts';
import { type EntryDraft, isTokenChange, type StoredEntry } from './stored-entry.ts';

/** Every asset that the entries may move. */
export function assetsOf(entries: readonly EntryDraft[]): string[] {
  const assets = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'trade') {
      assets.add(entry.base).add(entry.quote);
    } else assets.add(entry.asset);
    if ('fee' in entry && entry.fee !== null) assets.add(entry.fee.currency);
    if (isTokenChange(entry)) assets.add(entry.from);
    if (entry.kind === 'convert') for (const { asset } of entry.sources) assets.add(asset);
  }
  return [...assets];
}

/** The positions from which holdings may have changed, after these entries were added, removed or changed. */
export function startsOf(entries: readonly StoredEntry[]): Start[] {
  return entries.flatMap((entry) => {
    const { portfolioId, time, tie } = entry;
    return assetsOf([entry]).map((asset) => ({ portfolioId, asset, from: { time, tie } }));
  });
}
