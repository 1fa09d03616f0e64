import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import { decodeCursor, encodeCursor } from '../../db/connection/page-cursor.ts';
import { pageOf } from '../../db/connection/list-page.ts';
import { entryChunks, getEntries } from '../../db/ledger/entries/entries.ts';
import type { StoredEntry } from '../../db/ledger/entries/stored-entry.ts';
import { legsByAsset } from '../../db/ledger/positions/fold.ts';
import { loadTerms } from '../../db/ledger/positions/past-states.ts';
import { inSlices, TimeSlice } from '../../lib/async/time-slice.ts';
import { decimalOrNull, type Fixed, ZERO } from '../../lib/money/money.ts';
import { plus } from '../../lib/money/unknown.ts';
import { byAsset } from '../../lib/pnl/ledger/asset-state.ts';
import { compareOrder, type LedgerEntry, type PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import {
  type FigureParts,
  figureParts,
  SUMMED_FIGURES,
  type SummedFigure,
} from '../../lib/pnl/performance/figure-parts.ts';
import { ledgerWarnings } from '../../lib/pnl/valuation/ledger-warnings.ts';
import { newestOf } from '../../lib/pnl/valuation/newest.ts';
import * as field from '../../lib/schemas/fields.ts';
import * as figure from '../../lib/schemas/figure-fields.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import { positionOf } from '../../streams/portfolio/ledger-position.ts';
import { endpoint } from '../http/endpoint.ts';
import { queryProblem } from '../http/query-problem.ts';
import { entryBody, entrySchema } from '../portfolios/entry-body.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { instantOf, queryTime } from './query-span.ts';

interface Place {
  time: number;
  tie: string;
}

/** What one entry adds to a figure. */
interface Part extends Place {
  id: string;
  amount: Fixed | null;
}

interface Asked {
  figure: SummedFigure;
  asset: string | undefined;
  from: number;
  to: number;
  /** Only entries before this one are listed; all of them are summed up. */
  before: Place | null;
  limit: number;
}

interface Explained {
  version: number;
  updatedAt: number;
  terms: PortfolioTerms;
  isKnownAsset: boolean;
  total: Fixed | null;
  /** The newest first; one more than the limit if there are more. */
  parts: Part[];
  entries: Map<string, StoredEntry>;
  warnings: ReturnType<typeof ledgerWarnings>;
}

/** One pass over the ledger, in one snapshot and in chunks. */
async function explainFigure(db: Database, portfolioId: string, asked: Asked): Promise<Explained> {
  return await inSnapshot(db, async (trx) => {
    const { version, updatedAt, timeZone: _, ...terms } = await loadTerms(trx, portfolioId);
    const { figure: name, before, limit } = asked;
    // A quantity is one of an asset: the cash, if none is named.
    const wanted = asked.asset ?? (name === 'quantity' ? terms.baseCurrency : undefined);
    const newest = newestOf<Part>(limit + 1);
    const folds = new Map<string, FigureParts>();
    const slice = new TimeSlice();
    let total: Fixed | null = ZERO;
    for await (const entries of entryChunks(trx, portfolioId, wanted ?? null, { after: null })) {
      const amounts = new Map<string, Fixed | null>();
      for (const [asset, legs] of legsByAsset(entries, terms)) {
        if (wanted !== undefined && asset !== wanted) continue;
        const fold = folds.get(asset) ?? figureParts(asset, terms.costMethod, name);
        folds.set(asset, fold);
        await inSlices(fold.add(legs, amounts), slice);
      }
      for (const { id, time, tie } of partsIn(entries, amounts, asked)) {
        const amount = amounts.get(id) ?? null;
        total = plus(total, amount);
        if (before === null || compareOrder({ time, tie }, before) < 0) newest.add({ id, time, tie, amount });
      }
    }
    const parts = newest.list().toReversed();
    const ids = parts.slice(0, limit).map(({ id }) => id);
    const states = byAsset([...folds.values()].map((fold) => fold.state()));
    return {
      version,
      updatedAt,
      terms,
      isKnownAsset: asked.asset === undefined || folds.size > 0,
      total,
      parts,
      entries: new Map((await getEntries(trx, portfolioId, ids)).map((entry) => [entry.id, entry])),
      warnings: ledgerWarnings(states, terms),
    };
  });
}

/** The entries within the span that add something, in ledger order. */
function partsIn(
  entries: readonly LedgerEntry[],
  amounts: ReadonlyMap<string, Fixed | null>,
  { from, to }: Asked,
): LedgerEntry[] {
  return entries
    .filter(({ id, time }) => time >= from && time < to && amounts.has(id) && amounts.get(id) !== ZERO)
    .toSorted(compareOrder);
}

export const listFigureEntries = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/pnl/explain/entries',
  id: 'listFigureEntries',
  tag: 'pnl',
  summary: 'The entries that a figure is the sum of',
  description:
    'Each entry with what it adds to the figure, the newest first; entries that add nothing are left out. The amounts of all pages add up to `total` exactly, which without `from` and `to` is the figure of `GET …/pnl`, or of the holding if an asset is named. What is realised is net of fees, and belongs to the sale.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    figure: z
      .enum(SUMMED_FIGURES)
      .describe('The figure to explain. `quantity`: how much is held of `asset`, or the cash if omitted.'),
    asset: field.asset.optional().describe('Only what this asset adds; all assets if omitted.'),
    from: queryTime
      .optional()
      .describe(
        "Inclusive: a time, or a date in the portfolio's time zone. From the first entry if omitted.",
      ),
    to: queryTime
      .optional()
      .describe("Exclusive: a time, or a date in the portfolio's time zone. Up to the newest if omitted."),
    limit: field.limit,
    cursor: field.cursor,
  }),
  status: 200,
  response: field
    .listOf(
      z
        .object({
          amount: field.decimalOrNull.describe(
            'What it adds: base currency, or units of the asset for `quantity`; `null` if a rate is missing.',
          ),
          entry: entrySchema,
        })
        .meta({ id: 'FigurePart', description: 'An entry, and what it adds to a figure.' }),
    )
    .extend({
      ...figure.head,
      figure: z.enum(SUMMED_FIGURES).describe('The figure explained.'),
      total: field.decimalOrNull.describe('The sum over all pages; `null` if a rate is missing.'),
      warnings,
    })
    .meta({ id: 'FigureEntryList', description: 'One page of the entries that a figure is the sum of.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db, market, timeline } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const calendar = calendarOf(portfolio.timeZone);
    const from = instantOf('from', query.from, calendar) ?? Number.NEGATIVE_INFINITY;
    const to = instantOf('to', query.to, calendar) ?? Infinity;
    if (from > to) throw queryProblem({ parameter: 'from', detail: 'is after `to`' });
    const { asset, limit, cursor } = query;
    const [time, tie] = cursor ? decodeCursor(cursor, ['number', 'text']) : [0, ''];
    const before = cursor ? { time, tie } : null;
    const asked = { figure: query.figure, asset, from, to, before, limit };
    const explained = await explainFigure(db, portfolio.id, asked);
    const { version, updatedAt, terms, entries } = explained;
    if (!explained.isKnownAsset) {
      throw queryProblem({ parameter: 'asset', detail: 'is not in the ledger of this portfolio' });
    }
    const page = pageOf(explained.parts, limit, (last) => encodeCursor([last.time, last.tie]));
    return {
      portfolioId: portfolio.id,
      asOf: field.isoTime(updatedAt),
      position: positionOf(version, market.position, timeline),
      baseCurrency: terms.baseCurrency,
      costMethod: terms.costMethod,
      figure: query.figure,
      total: decimalOrNull(explained.total),
      items: page.items.flatMap(({ id, amount }) => {
        const entry = entries.get(id);
        return entry === undefined ? [] : [{ amount: decimalOrNull(amount), entry: entryBody(entry) }];
      }),
      nextCursor: page.nextCursor,
      warnings: explained.warnings,
    };
  },
});
