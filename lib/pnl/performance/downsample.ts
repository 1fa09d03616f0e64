/**
 * Largest-Triangle-Three-Buckets (Sveinn Steinarsson, 2013): the indices of at most `limit` points that preserve the
 * shape of a line. It returns indices so that the caller's exact values are sent. The first and last points are always
 * kept; points without a value (`null`) draw no line and are dropped first.
 */
export function downsample(
  times: readonly number[],
  values: readonly (number | null)[],
  limit: number,
): number[] {
  const all = times.map((_, index) => index);
  if (times.length <= limit) return all;
  const drawn = all.filter((index) => typeof values[index] === 'number');
  if (drawn.length <= limit) return drawn;
  if (limit < 3) return [drawn[0], drawn.at(-1)].filter((index) => index !== undefined).slice(0, limit);

  const x = (index: number): number => times[index] ?? 0;
  const y = (index: number): number => values[index] ?? 0;
  const width = (drawn.length - 2) / (limit - 2);
  const chosen = [drawn[0] ?? 0];
  for (let bucket = 0; bucket < limit - 2; bucket += 1) {
    const from = Math.floor(bucket * width) + 1;
    const to = Math.floor((bucket + 1) * width) + 1;
    const next = drawn.slice(to, Math.min(Math.floor((bucket + 2) * width) + 1, drawn.length));
    const last = chosen.at(-1) ?? 0;
    const meanX = next.reduce((sum, index) => sum + x(index), 0) / next.length;
    const meanY = next.reduce((sum, index) => sum + y(index), 0) / next.length;
    let best = drawn[from] ?? last;
    let largest = -1;
    for (const index of drawn.slice(from, to)) {
      const area = Math.abs(
        (x(last) - meanX) * (y(index) - y(last)) - (x(last) - x(index)) * (meanY - y(last)),
      );
      if (area > largest) {
        largest = area;
        best = index;
      }
    }
    chosen.push(best);
  }
  const end = drawn.at(-1);
  return end === undefined ? chosen : [...chosen, end];
}
