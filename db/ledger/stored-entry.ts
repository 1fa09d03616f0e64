import { hash } from 'node:crypto';
import type {
  ConvertEntry,
  OwnTransferEntry,
  TradeEntry,
  TransferEntry,
} from '../../lib/pnl/ledger/entry.ts';
import type {
  FoundRate,
  RateKey,
  RateOrigin,
  RateOrigins,
  RateRole,
} from '../../lib/pnl/ledger/rate-origin.ts';
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

/** What a file of today's layouts brings. */
export type FileDraft = TradeDraft | (TransferDraft & { kind: 'deposit' | 'withdrawal' | 'income' });

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

/** The asset of a fee that is neither bought nor paid with; `null` if there is none. */
export function thirdAsset({ base, quote, fee }: Pick<TradeDraft, 'base' | 'quote' | 'fee'>): string | null {
  return fee === null || fee.currency === base || fee.currency === quote ? null : fee.currency;
}

/** A rate that an entry needs. */
export interface RateNeed {
  role: RateRole;
  /** Of a source of a conversion: its place. */
  nth?: number;
  asset: string;
  time: number;
}

/** What an entry needs the rates of, and of when. Nothing for what its sender has valued. */
export function rateNeeds(draft: RatedDraft): RateNeed[] {
  const { time } = draft;
  switch (draft.kind) {
    case 'trade': {
      const third = thirdAsset(draft);
      const quote: RateNeed = { role: 'quote', asset: draft.quote, time };
      return third === null ? [quote] : [quote, { role: 'fee', asset: third, time }];
    }
    case 'transfer':
      // Nothing of it is valued at the market.
      return [];
    case 'convert': {
      const sources = draft.sources.map(({ asset }, nth): RateNeed => ({ role: 'source', nth, asset, time }));
      return draft.unitCost === null ? [{ role: 'unit', asset: draft.asset, time }, ...sources] : sources;
    }
    default:
      return draft.unitCost === null ? [{ role: 'unit', asset: draft.asset, time }] : [];
  }
}

type RatedDraft =
  | Pick<TradeDraft, 'kind' | 'base' | 'quote' | 'fee' | 'time'>
  | Pick<TransferDraft, 'kind' | 'asset' | 'unitCost' | 'time'>
  | Pick<ConvertDraft, 'kind' | 'asset' | 'unitCost' | 'sources' | 'time'>
  | Pick<OwnTransferDraft, 'kind' | 'time'>;

/** What tells a rate of an entry from its others. */
export function rateKey({ role, nth }: Pick<RateNeed, 'role' | 'nth'>): RateKey {
  return nth === undefined ? role : `source ${nth}`;
}

/** The entry with the rates that `find` gives, and their origins. */
export function withRates<T extends EntryDraft>(draft: T, find: (need: RateNeed) => FoundRate | null): T {
  const found = new Map(rateNeeds(draft).map((need) => [rateKey(need), find(need)]));
  const origins: Partial<Record<RateKey, RateOrigin>> = {};
  for (const [key, rate] of found) if (rate !== null && rate.origin !== null) origins[key] = rate.origin;
  const rateOf = (key: RateKey): Fixed | null => found.get(key)?.rate ?? null;
  switch (draft.kind) {
    case 'trade':
      return { ...draft, quoteRate: rateOf('quote'), feeRate: rateOf('fee'), origins };
    case 'transfer':
      return draft;
    case 'convert': {
      const sources = draft.sources.map((source, nth) => ({ ...source, unitValue: rateOf(`source ${nth}`) }));
      return { ...draft, unitValue: draft.unitCost ?? rateOf('unit'), sources, origins };
    }
    default:
      return { ...draft, unitValue: draft.unitCost ?? rateOf('unit'), origins };
  }
}

/** The rates that an entry has. */
export function ratesOf(entry: EntryDraft): Map<RateKey, FoundRate> {
  return new Map(
    knownRates(entry).flatMap(([key, rate]): [RateKey, FoundRate][] =>
      rate === null ? [] : [[key, { rate, origin: entry.origins?.[key] ?? null }]],
    ),
  );
}

function knownRates(entry: EntryDraft): [RateKey, Fixed | null][] {
  switch (entry.kind) {
    case 'trade':
      return [
        ['quote', entry.quoteRate],
        ['fee', entry.feeRate],
      ];
    case 'transfer':
      return [];
    case 'convert':
      return [
        ['unit', entry.unitCost === null ? entry.unitValue : null],
        ...entry.sources.map(({ unitValue }, nth): [RateKey, Fixed | null] => [`source ${nth}`, unitValue]),
      ];
    default:
      return [['unit', entry.unitCost === null ? entry.unitValue : null]];
  }
}

/**
 * Tells whether two drafts with the same key are the same: over what the user sent, so neither ids nor rates that were
 * looked up, and `1.50` is `1.5`.
 */
export function contentHash(draft: EntryDraft): string {
  const figures = figuresOf(draft);
  if (draft.kind === 'trade' && draft.orderType !== null) figures.push(draft.orderType);
  const content: unknown[] = [draft.kind, draft.time, figures, draft.orderId, draft.note, draft.tags];
  if (draft.sequence !== undefined) content.push(draft.sequence);
  const more = Object.fromEntries(
    Object.entries(moreOf(draft)).filter(([, value]) => value !== undefined && value !== null),
  );
  // Entries that have none of it are told as they were before there was any.
  if (Object.keys(more).length > 0) content.push(more);
  return hash('sha256', JSON.stringify(content), 'base64url');
}

/** What the figures of an entry follow from. */
function figuresOf(draft: EntryDraft): unknown[] {
  switch (draft.kind) {
    case 'trade': {
      const { base, quote, side, quantity, price, fee } = draft;
      return [
        base,
        quote,
        side,
        decimal(quantity),
        decimal(price),
        fee && [decimal(fee.amount), fee.currency],
      ];
    }
    case 'transfer': {
      const { asset, quantity, fee } = draft;
      return [asset, decimal(quantity), fee && [decimal(fee.amount), fee.currency]];
    }
    case 'convert': {
      const { asset, quantity, unitCost, sources } = draft;
      const given = sources.map((source) => [
        source.asset,
        decimal(source.quantity),
        decimalOrNull(source.received),
      ]);
      return [asset, decimal(quantity), decimalOrNull(unitCost), given];
    }
    default:
      return [draft.asset, decimal(draft.quantity), decimalOrNull(draft.unitCost)];
  }
}

/** What else was sent that an entry is known by. */
function moreOf(draft: EntryDraft): Record<string, string | undefined> {
  const { account } = draft;
  switch (draft.kind) {
    case 'trade':
    case 'convert':
      return { account };
    case 'transfer':
      return { account, toAccount: draft.toAccount, txid: draft.txid };
    default:
      return { account, subtype: draft.subtype, reason: draft.reason, txid: draft.txid };
  }
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
  if (stored.sequence === null) return false;
  const { sequence, ...rest } = draft;
  if (sequence === undefined) {
    return contentHash({ ...rest, sequence: stored.sequence }) === stored.contentHash;
  }
  return sequence === stored.sequence && contentHash(rest) === stored.contentHash;
}

/** Begins the external ids that an import makes for rows which have none, of their content and number. */
export const COUNTED = 'csv:';

const RANK: Record<EntryDraft['kind'], number> = {
  deposit: 0,
  adjustment: 0,
  income: 1,
  rebate: 1,
  trade: 2,
  convert: 2,
  transfer: 2,
  withdrawal: 3,
  fee: 3,
};

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
    kind === 'trade' && draft.side === 'sell'
      ? 'sale'
      : kind === 'adjustment' && draft.quantity < 0n
        ? 'sale'
        : '',
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
