import type { AssetState } from '../ledger/asset-state.ts';
import { NOTE_LIMIT } from '../ledger/asset-state.ts';
import type { TotalsAt } from '../ledger/totals.ts';
import { PRICE_HELP } from '../valuation/price-help.ts';
import { unvaluedWarning } from '../valuation/unvalued.ts';
import type { UnvaluedBody } from '../../schemas/warning-schema.ts';
import type { Warning } from '../../schemas/warning-schema.ts';

/** The names of the response's fields that are `null`, by cause. */
export interface HistoryFigures {
  /** Without a price. */
  price: readonly string[];
  /** Without the rate of an entry, by the total that is missing it. */
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
  'transferred',
] as const;
type LedgerFigure = (typeof LEDGER_FIGURES)[number];

/** A past instant, and the assets then held that have no known price. */
type Point = TotalsAt & { unpriced: readonly string[]; unvalued: readonly UnvaluedBody[] };

/** Whether a ledger total at some instant is unknown because of a missing rate. */
export function lacksRates(points: readonly Point[]): boolean {
  return points.some((point) => LEDGER_FIGURES.some((figure) => point[figure] === null));
}

/**
 * Why past figures are `null`.
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

/** What is missing from past figures: each amount as of the last instant it is missing from. */
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
      const detail = `${asset} was held at ${span} without any price known by then. ${PRICE_HELP}`;
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
