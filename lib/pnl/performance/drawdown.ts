/** The value of an index (or a price, or equity) at an instant. */
export interface IndexPoint {
  time: number;
  value: number;
}

/** The deepest decline from a peak. */
export interface Drawdown {
  /** The share of the peak that was lost, 0.32 for 32 %. */
  depth: number;
  /** The same as an amount. */
  amount: number;
  peak: IndexPoint;
  trough: IndexPoint;
  /** The first point that reaches the peak again; `null` if none has. */
  recovery: IndexPoint | null;
}

/**
 * The maximum drawdown of a series: by share of the peak, or by amount if that is what matters (cumulative profits on a
 * fixed stake). The first one, if several are equal.
 * @returns `null` if the series never falls
 */
export function maxDrawdown(
  points: readonly IndexPoint[],
  by: 'depth' | 'amount' = 'depth',
): Drawdown | null {
  let deepest: Drawdown | null = null;
  let peak = points[0];
  for (const point of points) {
    if (peak === undefined || point.value >= peak.value) {
      peak = point;
      continue;
    }
    const amount = peak.value - point.value;
    // A share of the peak is meaningless for values below zero.
    const depth = peak.value > 0 ? amount / peak.value : 0;
    const found: Drawdown = { depth, amount, peak, trough: point, recovery: null };
    if (deepest === null ? found[by] > 0 : found[by] > deepest[by]) deepest = found;
  }
  if (deepest === null) return null;
  const { peak: high, trough } = deepest;
  const recovery = points.find(({ time, value }) => time > trough.time && value >= high.value) ?? null;
  return { ...deepest, recovery };
}

/** The longest time without a new high, in milliseconds: until the next high, or the end of the series. */
export function longestUnderwater(points: readonly IndexPoint[]): number {
  let longest = 0;
  let high = points[0];
  for (const point of points) {
    if (high === undefined) break;
    longest = Math.max(longest, point.time - high.time);
    if (point.value >= high.value) high = point;
  }
  return longest;
}

/**
 * The highest value (the first one, if several are equal) and the distance of the last value from it, ≤ 0; `null`
 * without points.
 */
export function allTimeHigh(
  points: readonly IndexPoint[],
): { high: IndexPoint; distance: number | null } | null {
  const last = points.at(-1);
  let high = points[0];
  if (high === undefined || last === undefined) return null;
  for (const point of points) if (point.value > high.value) high = point;
  return { high, distance: high.value > 0 ? last.value / high.value - 1 : null };
}

/** A growth index that starts at 1 at `start` and changes by the return of each following period. */
export function growthIndex(
  start: number,
  returns: readonly { time: number; value: number | null }[],
): IndexPoint[] {
  let value = 1;
  const points = [{ time: start, value }];
  for (const step of returns) {
    value *= 1 + (step.value ?? 0);
    points.push({ time: step.time, value });
  }
  return points;
}
