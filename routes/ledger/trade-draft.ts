import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { type RateNeed, rateNeeds, ratesOf, withRates } from '../../db/ledger/rates/entry-rates.ts';
import {
  type EntryDraft,
  type StoredEntry,
  type StoredTrade,
  type TradeDraft,
} from '../../db/ledger/entries/stored-entry.ts';
import { BASE_RATE, marketRate, rateAt, rateTable, type RateTerms } from '../../db/ledger/rates/rates.ts';
import { GENESIS } from '../../lib/epoch.ts';
import { placesOf, RowOrders } from '../../lib/import/reading/row-order.ts';
import { mul } from '../../lib/money/money.ts';
import type { FoundRate } from '../../lib/pnl/ledger/rate-origin.ts';
import { type FieldError, problem } from '../../lib/problem.ts';
import { splitSymbol } from '../../lib/symbol.ts';
import * as field from '../../lib/schemas/fields.ts';
import { tagsInput } from './entry-tags.ts';

/** In the notation of exchanges and ccxt. */
export const orderType = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,29}$/, 'must be an order type such as limit or market: small letters')
  .meta({ description: 'Type of the order it filled, as the exchange names it.', example: 'limit' });

/** Every reader can represent it exactly as a JSON number. */
const sequence = z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({
  description: 'Place among the fills of the same instant: a lower one came first.',
  example: 1,
});

export const tradeInput = z
  .strictObject({
    externalId: field
      .text(200)
      .optional()
      .describe(
        "The source's own id; with `exchange` it makes booking idempotent. Omitted: always a new trade.",
      ),
    exchange: field.exchange.optional().describe('Where it happened; any name, in small letters.'),
    symbol: field.symbol.describe('What was traded: base and quote asset.'),
    side: z.enum(['buy', 'sell']).describe('Whether the base asset was bought or sold.'),
    quantity: field.positiveAmount.describe('How much, in units of the base asset; a decimal string.'),
    price: field.positiveAmount.describe('Quote asset per unit of the base asset; a decimal string.'),
    fee: z
      .strictObject({
        amount: field.nonNegativeAmount.describe('How much was paid, in units of `currency`.'),
        currency: field.asset.describe('The asset it was paid in: base, quote or any other.'),
      })
      .optional()
      .describe('What the exchange charged; none if omitted.'),
    time: field.instant.describe(`When it was filled. ${field.INSTANT_FORM}`),
    allowBefore2009: field.allowBefore2009,
    orderId: field.text(200).optional().describe('Id of the order it filled.'),
    type: orderType.optional(),
    note: field.prose(1000).optional().describe('Free text, with line breaks if you like.'),
    sequence: sequence.optional(),
    tags: tagsInput.optional(),
  })
  .meta({ id: 'TradeInput', description: 'A fill to book.' });

export type TradeInput = z.output<typeof tradeInput>;

/** A rate that an entry needs; `null` if no price leads to it. */
export type RateFinder = (need: RateNeed) => Promise<FoundRate | null>;

/** Rates from the stored candles, looked up one by one. */
export function rateFinder(db: Database, terms: RateTerms): RateFinder {
  return async ({ asset, time }) => {
    if (asset === terms.baseCurrency) return BASE_RATE;
    const found = await rateAt(db, asset, terms, time);
    return found === null ? null : marketRate(found);
  };
}

/**
 * The rates that an entry was booked with take precedence over any that would be found today: candles are not kept
 * forever, and changing a note must not change a figure.
 */
export function keptRates(before: StoredEntry, find: RateFinder): RateFinder {
  const rates = ratesOf(before);
  const assets = new Map(rateNeeds(before).map(({ role, asset }) => [role, asset]));
  return async (need) => {
    const isSame = need.time === before.time && need.asset === assets.get(need.role);
    return (isSame ? rates.get(need.role) : undefined) ?? (await find(need));
  };
}

/** The draft with all the rates that it needs. */
export async function rated<T extends EntryDraft>(draft: T, find: RateFinder): Promise<T> {
  const found = new Map<RateNeed['role'], FoundRate | null>();
  for (const need of rateNeeds(draft)) found.set(need.role, await find(need));
  return withRates(draft, ({ role }) => found.get(role) ?? null);
}

/** What no exchange can have reported. */
export function tradeErrors(input: TradeInput, now: number): FieldError[] {
  const errors: FieldError[] = [];
  const { base, quote } = splitSymbol(input.symbol);
  if (base === quote) errors.push({ pointer: '/symbol', detail: 'must name two different assets' });
  if (field.isInFuture(input.time, now)) errors.push({ pointer: '/time', detail: 'is in the future' });
  if (field.isTooEarly(input)) errors.push({ pointer: '/time', detail: field.TOO_EARLY });
  return errors;
}

/**
 * Whether a fee in the base or quote asset is more than the trade. A program that says so is mistaken; an exchange has
 * its minimum fees, so what it has reported is booked, and warned of as a fee in a third asset is.
 */
export function isDear({ base, quote, quantity, price, fee }: Priced): boolean {
  if (fee === null) return false;
  if (fee.currency === quote) return fee.amount > mul(quantity, price);
  return fee.currency === base && fee.amount > quantity;
}

type Priced = Pick<TradeDraft, 'base' | 'quote' | 'quantity' | 'price' | 'fee'>;

export function dearFeeErrors({ symbol, quantity, price, fee }: TradeInput): FieldError[] {
  const trade = { ...splitSymbol(symbol), quantity, price, fee: fee ?? null };
  return isDear(trade) ? [{ pointer: '/fee/amount', detail: 'is more than the trade itself' }] : [];
}

/** Whether a correction concerns how much a fee is beside its trade. */
export function concernsFee(change: object): boolean {
  return ['symbol', 'side', 'quantity', 'price', 'fee'].some((name) => name in change);
}

/**
 * A fee in a third asset is not among it: what it is worth may be known earlier or later, and a list of trades warns of
 * one that is worth more than its trade.
 * @throws the 422 that names what no exchange can have reported
 */
export function checkTrades(
  inputs: readonly TradeInput[],
  now: number,
  inBatch: boolean,
  errorsOf: (input: TradeInput) => FieldError[] = dearFeeErrors,
): void {
  const errors = inputs.flatMap((input, index) =>
    [...tradeErrors(input, now), ...errorsOf(input)].map(({ pointer, detail }) => ({
      pointer: inBatch ? `/items/${index}${pointer}` : `${pointer}`,
      detail,
    })),
  );
  if (errors.length > 0) throw unprocessable(errors);
}

function unprocessable(errors: readonly FieldError[]): Error {
  return problem('unprocessable-entry', { errors: errors.slice(0, 20) });
}

export async function toTradeDraft(input: TradeInput, rate: RateFinder): Promise<TradeDraft> {
  return await rated(unratedDraft(input), rate);
}

/**
 * Drafts of a batch, each with the rates at its own time, as if it had been sent alone; trades that share an instant
 * with others know their place in it.
 */
export async function toTradeDrafts(
  inputs: readonly TradeInput[],
  db: Database,
  terms: RateTerms,
): Promise<TradeDraft[]> {
  const drafts = inputs.map(unratedDraft);
  placeInBatch(drafts);
  const rate = await rateTable(db, terms, drafts.flatMap(rateNeeds));
  return drafts.map((draft) => withRates(draft, ({ asset, time }) => rate(asset, time)));
}

/** A draft whose rates have yet to be looked up. */
export function unratedDraft(input: TradeInput): TradeDraft {
  const { base, quote } = splitSymbol(input.symbol);
  const { fee } = input;
  return {
    kind: 'trade',
    time: input.time,
    base,
    quote,
    side: input.side,
    quantity: input.quantity,
    price: input.price,
    fee: fee === undefined || fee.amount === 0n ? null : fee,
    quoteRate: null,
    feeRate: null,
    exchange: input.exchange ?? '',
    externalId: input.externalId ?? null,
    orderId: input.orderId ?? null,
    orderType: input.type ?? null,
    note: input.note ?? null,
    tags: input.tags ?? [],
    ...(input.sequence === undefined ? {} : { sequence: input.sequence }),
  };
}

/**
 * Assigns trades that share an instant their place in it, by the order of the batch, which may be ascending or
 * descending.
 */
export function placeInBatch(drafts: readonly TradeDraft[]): void {
  const rows = new RowOrders();
  for (const draft of drafts) rows.add(draft);
  const order = rows.byTime ?? (rows.instant === null ? null : rows.byCover) ?? 'oldest-first';
  const places = placesOf(
    drafts.map(({ time }) => time),
    order,
  );
  for (const [index, draft] of drafts.entries()) {
    const own = places[index] ?? null;
    if (own !== null && draft.sequence === undefined) draft.place = own;
  }
}

/** A booked trade as it would have been sent. */
export function toTradeInput(entry: StoredTrade): TradeInput {
  return {
    externalId: entry.externalId ?? undefined,
    exchange: entry.exchange === '' ? undefined : entry.exchange,
    symbol: `${entry.base}/${entry.quote}`,
    side: entry.side,
    quantity: entry.quantity,
    price: entry.price,
    fee: entry.fee ?? undefined,
    time: entry.time,
    // It was intended when it was booked.
    allowBefore2009: entry.time < GENESIS,
    orderId: entry.orderId ?? undefined,
    type: entry.orderType ?? undefined,
    note: entry.note ?? undefined,
    tags: entry.tags,
    sequence: entry.sequence,
  };
}
