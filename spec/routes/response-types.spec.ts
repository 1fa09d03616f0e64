import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { ExplainBody } from '../../lib/pnl/performance/explain.ts';
import type { PerformanceBody } from '../../lib/pnl/performance/performance-body.ts';
import type { PeriodBody } from '../../lib/pnl/performance/periods.ts';
import type { AllocationBody } from '../../lib/pnl/valuation/allocation.ts';
import type { HoldingBody } from '../../lib/pnl/valuation/holding-body.ts';
import type { OpenLotBody } from '../../lib/pnl/valuation/open-lots.ts';
import type { PnlBody } from '../../lib/pnl/valuation/snapshot.ts';
import type { SummaryBody } from '../../lib/pnl/valuation/summary-body.ts';
import type { candleSchema } from '../../routes/market/candle-bodies.ts';
import type { tickerSchema } from '../../routes/market/market-lists.ts';
import type { explanation } from '../../routes/performance/explain.ts';
import type { performanceSchema } from '../../routes/performance/performance-schema.ts';
import type { periodSchema } from '../../routes/performance/periods.ts';
import type { assetShare, kindShare, quoteShare } from '../../routes/portfolios/allocation.ts';
import type { holdingSchema } from '../../routes/portfolios/holdings.ts';
import type { lotFields } from '../../routes/portfolios/lots.ts';
import type { pnlSchema } from '../../routes/portfolios/pnl.ts';
import type { summarySchema } from '../../routes/portfolios/portfolio-summary.ts';
import type { importProgressSchema, publicTradeSchema } from '../../routes/streams/channel-events.ts';
import type {
  CandleBody,
  ImportProgressBody,
  PublicTradeBody,
  TickerBody,
} from '../../streams/channels/record.ts';

/** A type with all that is optional in it required: a type that lacks an optional member is assignable to it otherwise. */
type Whole<T> = T extends readonly (infer Item)[]
  ? Whole<Item>[]
  : T extends object
    ? { [Name in keyof T]-?: Whole<T[Name]> }
    : T;

type Both<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type IsSame<A, B> = Both<A, B> extends true ? Both<Whole<A>, Whole<B>> : false;

/** `true` is not assignable where two types differ: tsc, not mocha, finds it. */
const portfolios: [
  IsSame<z.input<typeof holdingSchema>, HoldingBody>,
  IsSame<z.input<typeof pnlSchema>, PnlBody>,
  IsSame<z.input<typeof assetShare>, AllocationBody['byAsset'][number]>,
  IsSame<z.input<typeof quoteShare>, AllocationBody['byQuote'][number]>,
  IsSame<z.input<typeof kindShare>, AllocationBody['byKind'][number]>,
  IsSame<z.input<z.ZodObject<typeof lotFields>>, OpenLotBody>,
  IsSame<
    Pick<z.input<typeof summarySchema>, Exclude<keyof SummaryBody, 'portfolioId'>>,
    Omit<SummaryBody, 'portfolioId'>
  >,
] = [true, true, true, true, true, true, true];
const performance: [
  IsSame<Pick<z.input<typeof performanceSchema>, keyof PerformanceBody>, PerformanceBody>,
  IsSame<Omit<z.input<typeof periodSchema>, 'closed'>, PeriodBody>,
  IsSame<z.input<typeof explanation>, ExplainBody>,
] = [true, true, true];
const records: [
  IsSame<z.input<typeof tickerSchema>, TickerBody>,
  IsSame<z.input<typeof candleSchema>, CandleBody>,
  IsSame<z.input<typeof publicTradeSchema>, PublicTradeBody>,
  IsSame<z.input<typeof importProgressSchema>, ImportProgressBody>,
] = [true, true, true, true];

describe('functions that make bodies and know no schema', () => {
  it('make what the schema declares, member by member', () => {
    assert.ok([...portfolios, ...performance, ...records].every((isSame) => isSame));
  });
});
