import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { AssetState, Note } from './asset-state.ts';
import { NOTE_LIMIT } from './asset-state.ts';
import type { FoldObserver } from './disposal.ts';
import type { CashLeg, Leg } from './leg-kinds.ts';

/** What booking records for every kind of leg. These functions modify the state they are given. */
type Draft = AssetState;

/** External money and coins that come in with a leg. */
export function bookFlow(
  draft: Draft,
  leg: Exclude<Leg, CashLeg>,
  value: Fixed | null,
  observer: FoldObserver,
): void {
  if (value === ZERO) return;
  draft.contributions += value ?? ZERO;
  if (value === null) markUnknown(draft, 'contributions');
  else if (value > ZERO) draft.inflows += value;
  observer.onFlow?.({ ...flowOf(leg), value });
}

export function flowOf(leg: Leg): { entryId: string; time: number; asset: string } {
  return { entryId: leg.entryId, time: leg.time, asset: leg.asset };
}

export function markUnknown(draft: Draft, total: keyof AssetState['unknown']): void {
  if (!draft.unknown[total]) draft.unknown = { ...draft.unknown, [total]: true };
}

export function noted(note: Note, entryId: string): Note {
  if (note.entries.includes(entryId)) return note;
  const entries = note.entries.length < NOTE_LIMIT ? [...note.entries, entryId] : note.entries;
  return { count: note.count + 1, entries };
}
