import { type Signal, signal } from '@preact/signals';
import { compare } from '../figures/decimal.ts';

/** Columns of names; all others contain figures. */
const NAMES = new Set(['asset', 'symbol', 'tag']);

export interface Order<Key extends string> {
  key: Key;
  isDescending: boolean;
}

/** The column a table is sorted by, as chosen by the reader. */
export class Sorting<Key extends string> {
  readonly order: Signal<Order<Key>>;

  constructor(initial: Order<Key>) {
    this.order = signal(initial);
  }

  choose(key: Key): void {
    const { key: current, isDescending } = this.order.value;
    // Names start with A, figures with the largest.
    this.order.value = { key, isDescending: key === current ? !isDescending : !NAMES.has(key) };
  }

  /**
   * The items in order; unknown values come last in either direction. `valueOf` returns decimal text or a
   * name.
   */
  sort<T>(items: readonly T[], valueOf: (item: T, key: Key) => string | null): T[] {
    const { key, isDescending } = this.order.value;
    const sign = isDescending ? -1 : 1;
    return items.toSorted((a, b) => {
      const [one, other] = [valueOf(a, key), valueOf(b, key)];
      if (one === null || other === null) return Number(one === null) - Number(other === null);
      return sign * (NAMES.has(key) ? one.localeCompare(other) : compare(one, other));
    });
  }
}
