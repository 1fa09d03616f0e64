import { hash } from 'node:crypto';
import type { TradeEntry, TransferEntry } from '../../lib/pnl/ledger/entry.ts';
import type { FoundRate, RateOrigin, RateOrigins, RateRole } from '../../lib/pnl/ledger/rate-origin.ts';
import { decimal, decimalOrNull, type Fixed } from '../../lib/money/money.ts';

/** What an entry carries besides its figures. */
export interface EntryDetails {
  /** Where it comes from; `''` if not said. Part of the idempotency key. */
  exchange: string;
  /** The source's own id of it: with portfolio and exchange the idempotency key. `null`: it is booked each time. */
  externalId: string | null;
  orderId: string | null;
  note: string | null;
  tags: string[];
  /** Where the rates that were looked up come from. */
  origins?: RateOrigins | undefined;
}

/** Base currency per unit as the user gave it; `null` if they did not. `unitValue` is then what was looked up. */
interface UnitCost {
  unitCost: Fixed | null;
}

/** What a trade carries besides. */
interface TradeDetails extends EntryDetails {
  /** Kind of the order it filled, as the source tells it: `limit`, `market`. */
  orderType: string | null;
  /** Its place among the trades of its instant, the lowest first; left out if nothing tells it. */
  sequence?: number;
}

/** What the sender has not said themselves. */
interface Derived {
  /** Of a trade without a `sequence`: what is taken for it, from the list that the trade came in. */
  place?: number;
}

export type TradeDraft = Omit<TradeEntry, 'id' | 'tie'> & TradeDetails & Derived;
export type TransferDraft = Omit<TransferEntry, 'id' | 'tie'> & UnitCost & EntryDetails;

/** An entry to be booked, with its rates already looked up. Amounts have at most 20 digits before the point. */
export type EntryDraft = TradeDraft | TransferDraft;

export interface Booking {
  portfolioId: string;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
}

export type StoredTrade = TradeEntry & TradeDetails & Booking;
export type StoredTransfer = TransferEntry & UnitCost & EntryDetails & Booking;

/** An entry as it stands in the ledger. */
export type StoredEntry = StoredTrade | StoredTransfer;

/** A draft as it will stand there. Field by field: of a bulk import a spread would cost as much as all else together. */
export function entryOf(draft: TradeDraft, own: Booking & { id: string; tie: string }): StoredTrade;
export function entryOf(draft: EntryDraft, own: Booking & { id: string; tie: string }): StoredEntry;
export function entryOf(draft: EntryDraft, own: Booking & { id: string; tie: string }): StoredEntry {
  const rest = {
    id: own.id,
    tie: own.tie,
    time: draft.time,
    portfolioId: own.portfolioId,
    createdAt: own.createdAt,
    updatedAt: own.updatedAt,
    exchange: draft.exchange,
    externalId: draft.externalId,
    orderId: draft.orderId,
    note: draft.note,
    tags: draft.tags,
    origins: draft.origins,
    quantity: draft.quantity,
  };
  if (draft.kind !== 'trade') {
    const { kind, asset, unitValue, unitCost } = draft;
    return Object.assign(rest, { kind, asset, unitValue, unitCost });
  }
  const { kind, base, quote, side, price, fee, quoteRate, feeRate, orderType } = draft;
  const trade = Object.assign(rest, { kind, base, quote, side, price, fee, quoteRate, feeRate, orderType });
  const sequence = sequenceOf(draft);
  return sequence === null ? trade : Object.assign(trade, { sequence });
}

/** The place of an entry among those of its instant; `null` if nothing tells it. */
export function sequenceOf(draft: EntryDraft): number | null {
  return draft.kind === 'trade' ? (draft.sequence ?? draft.place ?? null) : null;
}

/** The asset of a fee that is neither bought nor paid with; `null` if there is none. */
export function thirdAsset({ base, quote, fee }: Pick<TradeDraft, 'base' | 'quote' | 'fee'>): string | null {
  return fee === null || fee.currency === base || fee.currency === quote ? null : fee.currency;
}

/** A rate that an entry needs. */
export interface RateNeed {
  role: RateRole;
  asset: string;
  time: number;
}

/** What an entry needs the rates of, and of when. Nothing for what its sender has valued. */
export function rateNeeds(draft: RatedDraft): RateNeed[] {
  const { time } = draft;
  if (draft.kind !== 'trade') {
    return draft.unitCost === null ? [{ role: 'unit', asset: draft.asset, time }] : [];
  }
  const third = thirdAsset(draft);
  const quote: RateNeed = { role: 'quote', asset: draft.quote, time };
  return third === null ? [quote] : [quote, { role: 'fee', asset: third, time }];
}

type RatedDraft =
  | Pick<TradeDraft, 'kind' | 'base' | 'quote' | 'fee' | 'time'>
  | Pick<TransferDraft, 'kind' | 'asset' | 'unitCost' | 'time'>;

/** The entry with the rates that `find` gives, and their origins. */
export function withRates<T extends EntryDraft>(draft: T, find: (need: RateNeed) => FoundRate | null): T {
  const found = new Map(rateNeeds(draft).map((need) => [need.role, find(need)]));
  const origins: Partial<Record<RateRole, RateOrigin>> = {};
  for (const [role, rate] of found) if (rate !== null && rate.origin !== null) origins[role] = rate.origin;
  const rateOf = (role: RateRole): Fixed | null => found.get(role)?.rate ?? null;
  if (draft.kind === 'trade') {
    return { ...draft, quoteRate: rateOf('quote'), feeRate: rateOf('fee'), origins };
  }
  return { ...draft, unitValue: draft.unitCost ?? rateOf('unit'), origins };
}

/** The rates that an entry has, by what they are of. */
export function ratesOf(entry: EntryDraft): Map<RateRole, FoundRate> {
  const rates: [RateRole, Fixed | null][] =
    entry.kind === 'trade'
      ? [
          ['quote', entry.quoteRate],
          ['fee', entry.feeRate],
        ]
      : [['unit', entry.unitCost === null ? entry.unitValue : null]];
  return new Map(
    rates.flatMap(([role, rate]): [RateRole, FoundRate][] =>
      rate === null ? [] : [[role, { rate, origin: entry.origins?.[role] ?? null }]],
    ),
  );
}

/**
 * Tells whether two drafts with the same key are the same: over what the user sent, so neither ids nor rates that were
 * looked up, and `1.50` is `1.5`.
 */
export function contentHash(draft: EntryDraft): string {
  const figures = figuresOf(draft);
  if (draft.kind === 'trade' && draft.orderType !== null) figures.push(draft.orderType);
  const content: unknown[] = [draft.kind, draft.time, figures, draft.orderId, draft.note, draft.tags];
  if (draft.kind === 'trade' && draft.sequence !== undefined) content.push(draft.sequence);
  return hash('sha256', JSON.stringify(content), 'base64url');
}

/** What the figures of an entry follow from. */
function figuresOf(draft: EntryDraft): unknown[] {
  if (draft.kind !== 'trade') return [draft.asset, decimal(draft.quantity), decimalOrNull(draft.unitCost)];
  const { base, quote, side, quantity, price, fee } = draft;
  return [base, quote, side, decimal(quantity), decimal(price), fee && [decimal(fee.amount), fee.currency]];
}

/**
 * Whether a draft is what an entry with this hash was booked as. A sequence that the draft does not tell, or tells as the
 * entry has it, makes no difference: a source need not tell it each time.
 */
export function isBookedAs(
  draft: EntryDraft,
  draftHash: string,
  stored: { contentHash: string; sequence: number | null },
): boolean {
  if (draftHash === stored.contentHash) return true;
  if (draft.kind !== 'trade' || stored.sequence === null) return false;
  const { sequence, ...rest } = draft;
  if (sequence === undefined) {
    return contentHash({ ...rest, sequence: stored.sequence }) === stored.contentHash;
  }
  return sequence === stored.sequence && contentHash(rest) === stored.contentHash;
}

/** Begins the external ids that an import makes for rows which have none, of their content and number. */
export const COUNTED = 'csv:';

const RANK = { deposit: 0, income: 1, trade: 2, withdrawal: 3 };

/**
 * Orders entries of one instant by what they are, so that it is the same in whatever order they arrive. Those that have a
 * sequence come in its order. Of the rest, money comes in before it is spent and goes out after, and purchases come before
 * sales; then the source and its id decide, in which 9 comes before 10. Those without an id come in the order of their
 * figures, and of arrival where these are the same.
 *
 * Versions before this one began the second part otherwise, and their entries stay before those of this one.
 * @param arrival number of arrival in the portfolio, of an entry without external id
 */
export function tieOf(draft: EntryDraft, arrival: number): string {
  const { kind, exchange, externalId } = draft;
  const sequence = sequenceOf(draft);
  const parts =
    externalId === null
      ? [
          '~',
          hash('sha256', JSON.stringify(figuresOf(draft)), 'base64url').slice(0, 22),
          String(arrival).padStart(16, '0'),
        ]
      : externalId.startsWith(COUNTED)
        ? [exchange, externalId]
        : [exchange, externalId.replace(/\d+/g, sortable), externalId];
  const tie = [
    sequence === null ? RANK[kind] : RANK.trade,
    `~~${sequence === null ? '' : sortable(String(sequence))}`,
    kind === 'trade' && draft.side === 'sell' ? 'sale' : '',
    ...parts,
  ];
  return tie.join('\t').replace(/[^\t -~]/g, escaped);
}

/** A run of digits behind its length: a longer number is a greater one. */
function sortable(digits: string): string {
  const number = digits.replace(/^0+/, '');
  return String(number.length).padStart(3, '0') + number;
}

/** ASCII only: SQL and JavaScript order anything else differently. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
