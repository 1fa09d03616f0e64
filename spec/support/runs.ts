import * as fc from 'fast-check';

const THOROUGH = Number(process.env['THOROUGH'] ?? 1);

/**
 * How often a property is tried that costs much each time: few in a usual run, and
 * `THOROUGH=20 SEED=random npm test` for twenty times as many of other draws.
 */
export function runs(few: number): number {
  return Math.ceil(few * THOROUGH);
}

/**
 * Properties draw the same in every run, so that a red run is due to a change; `SEED` draws others, and `SEED=random` others
 * each time. What fails says its seed.
 */
export function sowSeed(): void {
  const seed = process.env['SEED'] ?? '1';
  if (seed !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
}
