import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Holding, Holdings } from '../api.ts';

/** From this age on, the time of a price is shown. */
const OLD_MS = 60_000;

export interface HoldingView {
  holding: Holding;
  /** The time of its price if that is old, otherwise `null`. */
  pricedAt: string | null;
}

/**
 * The holdings as one signal each: an event contains all of them, and only those that have changed are
 * rendered again.
 */
export class HoldingRows {
  readonly #rows = new Map<string, Signal<HoldingView>>();

  show(holdings: Holdings | null): void {
    if (holdings === null) return;
    const { items, asOf } = holdings;
    const isOld = ({ markTime }: Holding): boolean =>
      markTime !== null && Date.parse(asOf) - Date.parse(markTime) > OLD_MS;
    batch(() => {
      for (const holding of items) this.#put({ holding, pricedAt: isOld(holding) ? holding.markTime : null });
    });
    const assets = new Set(items.map(({ asset }) => asset));
    for (const asset of this.#rows.keys()) if (!assets.has(asset)) this.#rows.delete(asset);
  }

  of(holding: Holding): ReadonlySignal<HoldingView> {
    return this.#rows.get(holding.asset) ?? this.#put({ holding, pricedAt: null });
  }

  #put(view: HoldingView): Signal<HoldingView> {
    const { asset } = view.holding;
    const row = this.#rows.get(asset);
    if (row === undefined) {
      const made = signal(view);
      this.#rows.set(asset, made);
      return made;
    }
    if (shownOf(row.peek()) !== shownOf(view)) row.value = view;
    return row;
  }
}

/**
 * The time of a recent price is not shown, so it is left out of the comparison: it changes with every tick.
 */
function shownOf({ holding, pricedAt }: HoldingView): string {
  return JSON.stringify([{ ...holding, markTime: null }, pricedAt]);
}
