import { portfolioLog } from '../../streams/channels/logs.ts';
import { logTag } from '../../streams/core/cursor.ts';

/** Names of portfolios whose logs have the same tag, in groups of two and more. */
export function collidingPortfolios(tries: number): string[][] {
  const byTag = new Map<string, string[]>();
  for (let n = 0; n < tries; n += 1) {
    const id = `0198c5a0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
    const tag = logTag(portfolioLog(id));
    byTag.set(tag, [...(byTag.get(tag) ?? []), id]);
  }
  return [...byTag.values()].filter((ids) => ids.length > 1);
}
