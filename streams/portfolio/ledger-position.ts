import type { Position } from '../core/broker.ts';

/** `Timeline`, as far as figures depend on it. */
export interface LedgerTimeline {
  /** As long as it stays the same, a version means the same ledger. Empty for a database that never goes back. */
  readonly mark: string;
}

/**
 * The state that an answer was made from: bodies with equal positions have equal digits, wherever they were made. The
 * text is `<ledger version>@<market epoch>.<market offset>`, with `<mark>~` before the epoch if there is one.
 */
export function positionOf(version: number, market: Position, { mark }: LedgerTimeline): string {
  return `${version}@${mark === '' ? '' : `${mark}~`}${market.epoch}.${market.offset}`;
}
