import type { Position } from '../../streams/core/broker.ts';

/** How answers name what they were made of: bodies with equal positions have equal digits. */
export function positionOf(version: number, market: Position): string {
  return `${version}@${market.epoch}.${market.offset}`;
}
