const THOROUGH = Number(process.env['THOROUGH'] ?? 1);

/**
 * How often a property is tried that costs much each time: few in a usual run, each of them on another draw, and
 * `THOROUGH=20 npm test` for twenty times as many.
 */
export function runs(few: number): number {
  return Math.ceil(few * THOROUGH);
}
