import { hash } from 'node:crypto';
import type { TradeEntry, TransferEntry } from '../../lib/pnl/ledger/entry.ts';
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
}

/** Base currency per unit as the user gave it; `null` if they did not. `unitValue` is then what was looked up. */
interface UnitCost {
  unitCost: Fixed | null;
}

/** What a trade carries besides. */
interface TradeDetails extends EntryDetails {
  /** Kind of the order it filled, as the source tells it: `limit`, `market`. */
  orderType: string | null;
}

export type TradeDraft = Omit<TradeEntry, 'id' | 'tie'> & TradeDetails;
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
    quantity: draft.quantity,
  };
  if (draft.kind !== 'trade') {
    const { kind, asset, unitValue, unitCost } = draft;
    return Object.assign(rest, { kind, asset, unitValue, unitCost });
  }
  const { kind, base, quote, side, price, fee, quoteRate, feeRate, orderType } = draft;
  return Object.assign(rest, { kind, base, quote, side, price, fee, quoteRate, feeRate, orderType });
}

/** The asset of a fee that is neither bought nor paid with; `null` if there is none. */
export function thirdAsset({ base, quote, fee }: Pick<TradeDraft, 'base' | 'quote' | 'fee'>): string | null {
  return fee === null || fee.currency === base || fee.currency === quote ? null : fee.currency;
}

/** What a trade needs the rates of, and of when. */
export function ratedAssets(
  draft: Pick<TradeDraft, 'base' | 'quote' | 'fee' | 'time'>,
): { asset: string; time: number }[] {
  const { quote, time } = draft;
  const third = thirdAsset(draft);
  return third === null
    ? [{ asset: quote, time }]
    : [
        { asset: quote, time },
        { asset: third, time },
      ];
}

/**
 * Tells whether two drafts with the same key are the same: over what the user sent, so neither ids nor rates that were
 * looked up, and `1.50` is `1.5`.
 */
export function contentHash(draft: EntryDraft): string {
  const figures =
    draft.kind === 'trade'
      ? [
          draft.base,
          draft.quote,
          draft.side,
          decimal(draft.quantity),
          decimal(draft.price),
          draft.fee && [decimal(draft.fee.amount), draft.fee.currency],
          ...(draft.orderType === null ? [] : [draft.orderType]),
        ]
      : [draft.asset, decimal(draft.quantity), decimalOrNull(draft.unitCost)];
  const content = [draft.kind, draft.time, figures, draft.orderId, draft.note, draft.tags];
  return hash('sha256', JSON.stringify(content), 'base64url');
}

/** Begins the external ids that an import makes for rows which have none, of their content and number. */
export const COUNTED = 'csv:';

const RANK = { deposit: 0, income: 1, trade: 2, withdrawal: 3 };

/**
 * Orders entries of one instant, the same way in whatever order they arrive: money comes in before it is spent, and
 * goes out after; then by source and its id, in which 9 comes before 10. An entry without external id has nothing of
 * the kind, and takes its place by arrival; so does one whose id was made by an import: the order of its file says more.
 * @param sequence number of arrival in the portfolio, of an entry without external id or with such a one
 */
export function tieOf(draft: EntryDraft, sequence: number): string {
  const { kind, exchange, externalId } = draft;
  const arrival = `~${String(sequence).padStart(16, '0')}`;
  const tie =
    externalId === null
      ? [RANK[kind], arrival]
      : externalId.startsWith(COUNTED)
        ? [RANK[kind], arrival, externalId]
        : [RANK[kind], exchange, externalId.replace(/\d+/g, sortable), externalId];
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
