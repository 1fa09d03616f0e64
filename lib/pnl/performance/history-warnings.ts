import type { AssetState } from '../ledger/asset-state.ts';
import { NOTE_LIMIT } from '../ledger/asset-state.ts';
import type { TotalsAt } from '../ledger/totals.ts';
import { type UnvaluedBody, unvaluedWarning } from '../valuation/unvalued.ts';
import type { Warning } from '../valuation/warning.ts';

/** What an answer calls the figures that are `null` for want of something. */
export interface HistoryFigures {
  /** For want of a price. */
  price: readonly string[];
  /** For want of a rate of an entry, by the total that lacks it. */
  rate: Partial<Record<LedgerFigure, readonly string[]>>;
}

const LEDGER_FIGURES = [
  'costBasis',
  'contributions',
  'inflows',
  'realisedGross',
  'realisedNet',
  'fees',
  'income',
] as const;
type LedgerFigure = (typeof LEDGER_FIGURES)[number];

/** A past instant, and what was held then without any price known. */
type Point = TotalsAt & { unpriced: readonly string[]; unvalued: readonly UnvaluedBody[] };

/** Whether a ledger total of some instant is not known, for want of a rate. */
export function lacksRates(points: readonly Point[]): boolean {
  return points.some((point) => LEDGER_FIGURES.some((figure) => point[figure] === null));
}

/**
 * Why figures of the past are `null`.
 * @param states of the ledger: they name the entries without a rate
 */
export function historyWarnings(
  points: readonly Point[],
  states: readonly AssetState[],
  figures: HistoryFigures,
  baseCurrency: string,
): Warning[] {
  return [
    ...priceWarnings(points, figures.price),
    ...rateWarnings(points, states, figures.rate),
    ...unvaluedWarnings(points, baseCurrency),
  ];
}

/** What is missing from figures of the past: each amount as of the last instant that lacks it. */
function unvaluedWarnings(points: readonly Point[], baseCurrency: string): Warning[] {
  const lacking = new Map<string, UnvaluedBody>();
  for (const { unvalued } of points) {
    for (const body of unvalued) lacking.set(`${body.what} ${body.asset}`, body);
  }
  return [...lacking.values()].map((body) => ({ ...unvaluedWarning(body, baseCurrency), figures: [] }));
}

function priceWarnings(points: readonly Point[], figures: readonly string[]): Warning[] {
  const lacking = new Map<string, { count: number; first: number; last: number }>();
  for (const { time, unpriced } of points) {
    for (const asset of unpriced) {
      const { count = 0, first = time } = lacking.get(asset) ?? {};
      lacking.set(asset, { count: count + 1, first, last: time });
    }
  }
  return [...lacking]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([asset, { count, first, last }]): Warning => {
      const span = count === 1 ? iso(first) : `${count} instants from ${iso(first)} to ${iso(last)}`;
      const detail = `${asset} was held at ${span} without any price known by then.`;
      return { code: 'missing-price', detail, asset, figures: [...figures] };
    });
}

function rateWarnings(
  points: readonly Point[],
  states: readonly AssetState[],
  figures: HistoryFigures['rate'],
): Warning[] {
  const unknown = LEDGER_FIGURES.filter((figure) => points.some((point) => point[figure] === null));
  const names = [...new Set(unknown.flatMap((figure) => figures[figure] ?? []))];
  if (names.length === 0) return [];
  const detail = 'Entries have no rate to the base currency: what depends on them is not known.';
  const unrated = states.filter((state) => state.unrated.count > 0);
  if (unrated.length === 0) return [{ code: 'missing-rate', detail, figures: names }];
  return unrated.map(({ asset, unrated: { count, entries } }) => ({
    code: 'missing-rate',
    detail,
    asset,
    entries: entries.slice(0, NOTE_LIMIT),
    count,
    figures: names,
  }));
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
