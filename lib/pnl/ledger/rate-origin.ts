import type { Fixed } from '../../money/money.ts';

/**
 * Where a rate comes from. `market`: stored prices. `own-trade`: the portfolio's own last trade, for want of a market price;
 * it gives way to one as soon as there is one.
 */
export const RATE_SOURCES = ['market', 'own-trade'] as const;

export interface RateOrigin {
  source: (typeof RATE_SOURCES)[number];
  /** The symbols it came through, in order. */
  path: readonly string[];
  /** That of the oldest price used, epoch milliseconds. */
  time: number;
}

/** Base currency per unit; without an origin for the base currency itself. */
export interface FoundRate {
  rate: Fixed;
  origin: RateOrigin | null;
}

/** The rates that an entry may need: of the quote currency, of the asset of the fee, of the asset that is moved, of a source. */
export const RATE_ROLES = ['quote', 'fee', 'unit', 'source'] as const;
export type RateRole = (typeof RATE_ROLES)[number];

/** A role; with a number for one of several sources. */
export type RateKey = RateRole | `source ${number}`;

/** Of the rates that were looked up. */
export type RateOrigins = Readonly<Partial<Record<RateKey, RateOrigin>>>;

export const NO_ORIGINS: RateOrigins = Object.freeze({});
