import type { Fixed } from '../../money/money.ts';

/**
 * Where a rate comes from. `market`: stored prices. `own-trade`: the portfolio's own last trade, used while there is no
 * market price and replaced as soon as there is one.
 */
export const RATE_SOURCES = ['market', 'own-trade'] as const;

export interface RateOrigin {
  source: (typeof RATE_SOURCES)[number];
  /** The symbols it was derived through, in order. */
  path: readonly string[];
  /** The time of the oldest price used, epoch milliseconds. */
  time: number;
}

/** Base currency per unit; the base currency's own rate has no origin. */
export interface FoundRate {
  rate: Fixed;
  origin: RateOrigin | null;
}

/** The rates that an entry may need: of the quote currency, the fee asset, the asset moved, and each source. */
export const RATE_ROLES = ['quote', 'fee', 'unit', 'source'] as const;
export type RateRole = (typeof RATE_ROLES)[number];

/** A role, with a number if there are several sources. */
export type RateKey = RateRole | `source ${number}`;

/** For the rates that were looked up. */
export type RateOrigins = Readonly<Partial<Record<RateKey, RateOrigin>>>;

export const NO_ORIGINS: RateOrigins = Object.freeze({});
