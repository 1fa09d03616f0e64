import type {
  ConvertEntry,
  OwnTransferEntry,
  TradeEntry,
  TransferEntry,
} from '../../lib/pnl/ledger/entry.ts';
import type { RateOrigins } from '../../lib/pnl/ledger/rate-origin.ts';
import type { Fixed } from '../../lib/money/money.ts';

/** What an entry carries besides its figures. */
export interface EntryDetails {
  /** Where it comes from; `''` if not said. Part of the idempotency key. */
  exchange: string;
  /** The source's own id of it: with portfolio and exchange the idempotency key. `null`: it is booked each time. */
  externalId: string | null;
  orderId: string | null;
  note: string | null;
  tags: string[];
  /** The place where the assets lie: an exchange account or a wallet. Left out if not told. */
  account?: string | undefined;
  /** Its place among the entries of its instant, the lowest first; left out if nothing tells it. */
  sequence?: number | undefined;
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
}

/** What a movement carries besides. */
interface MovementDetails extends EntryDetails, UnitCost {
  /** What a reward is for, or what an adjustment is. */
  subtype?: string | undefined;
  /** Why an adjustment is made. */
  reason?: string | undefined;
  /** Of the transaction on the chain. */
  txid?: string | undefined;
  /** The other half of a transfer within the portfolio; left out if it is not joined. */
  joinedWith?: string | undefined;
  /** A person says that a withdrawal has left for good. */
  confirmed?: boolean | undefined;
}

interface OwnTransferDetails extends EntryDetails {
  /** The place where the assets arrive. */
  toAccount: string;
  txid?: string | undefined;
}

/** What the sender has not said themselves. */
interface Derived {
  /** Of a trade without a `sequence`: what is taken for it, from the list that the trade came in. */
  place?: number;
}

export type TradeDraft = Omit<TradeEntry, 'id' | 'tie'> & TradeDetails & Derived;
export type TransferDraft = Omit<TransferEntry, 'id' | 'tie'> & MovementDetails;
export type ConvertDraft = Omit<ConvertEntry, 'id' | 'tie'> & EntryDetails & UnitCost;
export type OwnTransferDraft = Omit<OwnTransferEntry, 'id' | 'tie'> & OwnTransferDetails;

/** An entry to be booked, with its rates already looked up. Amounts have at most 20 digits before the point. */
export type EntryDraft = TradeDraft | TransferDraft | ConvertDraft | OwnTransferDraft;

export interface Booking {
  portfolioId: string;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
}

export type StoredTrade = TradeEntry & TradeDetails & Booking;
export type StoredTransfer = TransferEntry & MovementDetails & Booking;
export type StoredConvert = ConvertEntry & EntryDetails & UnitCost & Booking;
export type StoredOwnTransfer = OwnTransferEntry & OwnTransferDetails & Booking;

/** An entry as it stands in the ledger. */
export type StoredEntry = StoredTrade | StoredTransfer | StoredConvert | StoredOwnTransfer;

/** Whether it moves an amount of one asset. */
export function isMovement<T extends EntryDraft>(entry: T): entry is T & TransferDraft {
  return entry.kind !== 'trade' && entry.kind !== 'convert' && entry.kind !== 'transfer';
}

/** A draft as it will stand there. Field by field: of a bulk import a spread would cost as much as all else together. */
export function entryOf(draft: TradeDraft, own: Booking & { id: string; tie: string }): StoredTrade;
export function entryOf(draft: EntryDraft, own: Booking & { id: string; tie: string }): StoredEntry;
export function entryOf(draft: EntryDraft, own: Booking & { id: string; tie: string }): StoredEntry {
  const { id, tie, portfolioId, createdAt, updatedAt } = own;
  if (draft.kind !== 'trade') {
    const entry = { ...draft, id, tie, portfolioId, createdAt, updatedAt, ...sequenceMember(draft) };
    if (!hasOrigins(draft)) delete entry.origins;
    return entry;
  }
  const { kind, base, quote, side, price, fee, quoteRate, feeRate, orderType } = draft;
  const rest = {
    id,
    tie,
    time: draft.time,
    portfolioId,
    createdAt,
    updatedAt,
    exchange: draft.exchange,
    externalId: draft.externalId,
    orderId: draft.orderId,
    note: draft.note,
    tags: draft.tags,
    quantity: draft.quantity,
  };
  const trade = Object.assign(rest, { kind, base, quote, side, price, fee, quoteRate, feeRate, orderType });
  if (draft.account !== undefined) Object.assign(trade, { account: draft.account });
  if (hasOrigins(draft)) Object.assign(trade, { origins: draft.origins });
  return Object.assign(trade, sequenceMember(draft));
}

function hasOrigins({ origins }: EntryDraft): boolean {
  return origins !== undefined && Object.keys(origins).length > 0;
}

function sequenceMember(draft: EntryDraft): { sequence?: number } {
  const sequence = sequenceOf(draft);
  return sequence === null ? {} : { sequence };
}

/** The place of an entry among those of its instant; `null` if nothing tells it. */
export function sequenceOf(draft: EntryDraft): number | null {
  return draft.sequence ?? (draft.kind === 'trade' ? (draft.place ?? null) : null);
}
