import { type ReadonlySignal, signal } from '@preact/signals';
import { BASE_PATH } from '../api.ts';

const KEPT = `marktide.favourites${BASE_PATH}`;
const MOST = 200;

function kept(): ReadonlySet<string> {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEPT) ?? '[]');
    return new Set(Array.isArray(list) ? list.filter((each) => typeof each === 'string') : []);
  } catch {
    return new Set();
  }
}

const chosen = signal(kept());

/** The symbols that the reader has marked; stored in this browser. */
export const favourites: ReadonlySignal<ReadonlySet<string>> = chosen;

export function toggleFavourite(symbol: string): void {
  const next = new Set(chosen.peek());
  if (!next.delete(symbol)) next.add(symbol);
  chosen.value = new Set([...next].slice(-MOST));
  localStorage.setItem(KEPT, JSON.stringify([...chosen.peek()]));
}
