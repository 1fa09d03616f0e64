import { ZERO } from '../../money/money.ts';
import type { TokenChangeEntry } from './entry.ts';
import { acquire, assetStamp, type Leg, receive } from './leg-kinds.ts';

/** Between two assets the lots are handed over; the entry carries them once the holding they leave has been folded. */
export function tokenChangeLegs(entry: TokenChangeEntry): Leg[] {
  const { kind, asset, quantity, from, per, carried } = entry;
  const stamp = assetStamp(entry, asset);
  if (from === asset) return [{ ...stamp, kind: 'scale', quantity, per }];
  if (kind === 'fork' && per === ZERO) {
    return [acquire(stamp, 'fork', quantity, { cost: ZERO, grossCost: ZERO })];
  }
  const legs: Leg[] = [{ ...assetStamp(entry, from), kind: 'hand-over', reason: kind, quantity, per }];
  if (carried === undefined) return legs;
  const arriving = carried.lots.average.reduce((sum, lot) => sum + lot.quantity, ZERO);
  return [...legs, receive(stamp, kind, arriving, carried)];
}
