import {
  type ConvertEntry,
  MOVEMENT_KINDS,
  type OwnTransferEntry,
  TOKEN_CHANGES,
  type TokenChangeEntry,
  type TradeEntry,
  type TransferEntry,
} from '../../../lib/pnl/ledger/entry.ts';
import type { RateOrigins } from '../../../lib/pnl/ledger/rate-origin.ts';
import type { Fixed } from '../../../lib/money/money.ts';

/** What an entry has besides its figures. */
export interface EntryDetails {
  /** Where it comes from; `''` if not stated. Part of the idempotency key. */
  exchange: string;
  /**
   * The source's own id; together with portfolio and exchange, the idempotency key. `null`: it is booked every time.
   */
  externalId: string | null;
  orderId: string | null;
  note: string | null;
  tags: string[];
  /** Where the assets are: an exchange account or a wallet. Absent if not stated. */
  account?: string | undefined;
  /** Its place among the entries of its instant, lowest first; absent if nothing determines it. */
  sequence?: number | undefined;
  /** Where the rates that were looked up come from. */
  origins?: RateOrigins | undefined;
}

/**
 * Base currency per unit as given by the user; `null` if not given. `unitValue` is then the rate that was looked up.
 */
interface UnitCost {
  unitCost: Fixed | null;
}

/** What a trade has in addition. */
interface TradeDetails extends EntryDetails {
  /** Type of the order that it filled, as stated by the source: `limit`, `market`. */
  orderType: string | null;
}

/** What joins two entries without being asked: the id of the transaction that both name. */
export const JOINED_BY = ['txid'] as const;
export type JoinedBy = (typeof JOINED_BY)[number];

/** What a movement has in addition. */
interface MovementDetails extends EntryDetails, UnitCost {
  /** The reason for a reward, or the kind of adjustment. */
  subtype?: string | undefined;
  /** The reason for an adjustment. */
  reason?: string | undefined;
  /** Id of the transaction on the chain. */
  txid?: string | undefined;
  /** The other half of an own transfer; absent if it is not matched. */
  joinedWith?: string | undefined;
  /** The portfolio of the other half, if it is another one. */
  joinedPortfolio?: string | undefined;
  /** Absent if a person or a file joined them. */
  joinedBy?: JoinedBy | undefined;
}

interface OwnTransferDetails extends EntryDetails {
  /** The account or wallet where the assets arrive. */
  toAccount: string;
  txid?: string | undefined;
}

/** What the sender has not stated. */
interface Derived {
  /** For a trade without a `sequence`: the one assumed from the list that the trade came in. */
  place?: number;
}

export type TradeDraft = Omit<TradeEntry, 'id' | 'tie'> & TradeDetails & Derived;
export type TransferDraft = Omit<TransferEntry, 'id' | 'tie'> & MovementDetails;
export type ConvertDraft = Omit<ConvertEntry, 'id' | 'tie'> & EntryDetails & UnitCost;
export type OwnTransferDraft = Omit<OwnTransferEntry, 'id' | 'tie'> & OwnTransferDetails;
export type TokenChangeDraft = Omit<TokenChangeEntry, 'id' | 'tie'> & EntryDetails;

/** An entry to be booked, with its rates already looked up. Amounts have at most 20 digits before the decimal point. */
export type EntryDraft = TradeDraft | TransferDraft | ConvertDraft | OwnTransferDraft | TokenChangeDraft;

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
export type StoredTokenChange = TokenChangeEntry & EntryDetails & Booking;

/** An entry as it is stored in the ledger. */
export type StoredEntry =
  StoredTrade | StoredTransfer | StoredConvert | StoredOwnTransfer | StoredTokenChange;

/** Whether it moves an amount of one asset. */
export function isMovement<T extends EntryDraft>(entry: T): entry is T & TransferDraft {
  const kinds: readonly string[] = MOVEMENT_KINDS;
  return kinds.includes(entry.kind);
}

/** Whether it is a rename, a redenomination or a fork. */
export function isTokenChange<T extends EntryDraft>(entry: T): entry is T & TokenChangeDraft {
  const kinds: readonly string[] = TOKEN_CHANGES;
  return kinds.includes(entry.kind);
}

/**
 * A draft as it will be stored. Field by field: in a bulk import, a spread would cost as much as everything else
 * together.
 */
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

/** The place of an entry among those of its instant; `null` if nothing determines it. */
export function sequenceOf(draft: EntryDraft): number | null {
  return draft.sequence ?? (draft.kind === 'trade' ? (draft.place ?? null) : null);
}

/** Ids of the withdrawals and deposits that name their transaction. */
export function withTransaction(entries: readonly StoredEntry[]): string[] {
  return entries.flatMap((entry) => {
    const isFlow = entry.kind === 'deposit' || entry.kind === 'withdrawal';
    return isFlow && entry.txid !== undefined ? [entry.id] : [];
  });
}
