import { BASE_PATH, type Holdings, type Pnl, type Portfolio } from '../api.ts';

const KEPT = `marktide.lastKnown${BASE_PATH}`;
/** The maximum number of holdings to store: a browser gives a page a few megabytes. */
const MOST = 300;
const EVERY_MS = 10_000;

/** A portfolio's figures when they were last seen. */
export interface LastKnown {
  name: string;
  timeZone: string;
  pnl: Pnl;
  holdings: Holdings;
}

let keptAt = 0;

/** Stores the figures, at most every ten seconds. */
export function keepLastKnown(
  { name, timeZone }: Portfolio,
  { pnl, holdings }: Pick<LastKnown, 'pnl' | 'holdings'>,
): void {
  if (Date.now() - keptAt < EVERY_MS) return;
  keptAt = Date.now();
  const kept: LastKnown = {
    name,
    timeZone,
    pnl,
    holdings: { ...holdings, items: holdings.items.slice(0, MOST) },
  };
  try {
    localStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // Out of space: without a network nothing is shown.
    forgetLastKnown();
  }
}

/** Nothing of a user remains after signing out. */
export function forgetLastKnown(): void {
  keptAt = 0;
  localStorage.removeItem(KEPT);
}

export function lastKnown(): LastKnown | null {
  const text = localStorage.getItem(KEPT);
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as Partial<LastKnown>;
    const isWhole = typeof kept.pnl?.asOf === 'string' && Array.isArray(kept.holdings?.items);
    return isWhole ? (kept as LastKnown) : null;
  } catch {
    return null;
  }
}
