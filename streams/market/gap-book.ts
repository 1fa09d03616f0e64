import type { Gap } from '../../db/market/gaps.ts';

/** How many gaps of a symbol are kept apart. Beyond that, the oldest are merged into one that spans them. */
const MAX_GAPS = 100;

/** For which times trades are missing, by symbol. */
export class GapBook {
  /** Oldest first, without overlaps. */
  readonly #bySymbol = new Map<string, { from: number; to: number }[]>();

  add({ symbol, from, to }: Pick<Gap, 'symbol' | 'from' | 'to'>): void {
    let [start, end] = [from, to];
    const kept: { from: number; to: number }[] = [];
    for (const gap of this.#bySymbol.get(symbol) ?? []) {
      if (gap.to < start || gap.from > end) kept.push(gap);
      else [start, end] = [Math.min(start, gap.from), Math.max(end, gap.to)];
    }
    kept.push({ from: start, to: end });
    kept.sort((a, b) => a.from - b.from);
    while (kept.length > MAX_GAPS) {
      const [first, second] = kept.splice(0, 2);
      if (first !== undefined && second !== undefined) kept.unshift({ from: first.from, to: second.to });
    }
    this.#bySymbol.set(symbol, kept);
  }

  /** What was missed in [from, to) is known now. */
  close({ symbol, from, to }: Pick<Gap, 'symbol' | 'from' | 'to'>): void {
    const gaps = this.#bySymbol.get(symbol);
    if (gaps === undefined) return;
    const left = gaps.flatMap((gap) =>
      [
        { from: gap.from, to: Math.min(gap.to, from) },
        { from: Math.max(gap.from, to), to: gap.to },
      ].filter((part) => part.from < part.to),
    );
    this.#bySymbol.set(symbol, left);
  }

  /** Whether no trade in [from, to) is known to be missed. */
  isWhole(symbol: string, from: number, to: number): boolean {
    const gaps = this.#bySymbol.get(symbol);
    return gaps === undefined || !gaps.some((gap) => gap.from < to && gap.to > from);
  }
}
