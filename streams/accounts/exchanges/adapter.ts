import type { Credentials, ExchangeId } from '../../../lib/exchanges/exchange.ts';
import type { ExchangeUrl } from '../../../lib/exchanges/exchange-url.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';

/** How far a source has been read: JSON that only the adapter understands. */
export type Cursor = Readonly<Record<string, unknown>>;

/** A piece of an account's history. */
export interface AccountPage {
  /** Each has the exchange's id. Entries may be repeated. */
  entries: RawEntry[];
  /** Where to continue. */
  cursor: Cursor;
  /** Whether there is nothing more for now. */
  isLast: boolean;
  /** The history is read up to here, epoch milliseconds; `null` if the source is not ordered by time. */
  readUntil: number | null;
}

/** What an exchange says about a key; `null` if it does not. */
export interface KeyFacts {
  permissions: { trade: boolean | null; withdraw: boolean | null };
  /** Epoch milliseconds. */
  expiresAt: number | null;
}

/**
 * An account at one exchange. Adapters live in the worker; every method may throw an `AccountError`.
 *
 * A source is a kind of history with its own cursor, such as orders or deposits. Pages are requested one
 * after the other until one is the last, and later again from its cursor.
 */
export interface AccountAdapter {
  readonly sources: readonly string[];
  /** Checks that the key works and can read what is needed. */
  inspect(): Promise<KeyFacts>;
  /** @param now epoch milliseconds: where the history ends */
  page(source: string, cursor: Cursor | null, now: number): Promise<AccountPage>;
  /** Total of each asset as plain decimal text, including what orders hold back. */
  balances(): Promise<Record<string, string>>;
  /** Absent if the exchange has no private stream. */
  live?: LiveAdapter;
}

/** A fill that a stream has announced; only its order has all details. */
export interface FillHint {
  order: string;
  fill: string;
  /** When it happened, epoch milliseconds; absent if its order suffices to find it. */
  at?: number;
}

/** News from a stream. */
export interface AccountNews {
  /** Complete entries, with the same ids as in pages. */
  entries: RawEntry[];
  /** What has to be requested: see `LiveAdapter.fills`. */
  hints: FillHint[];
  /** Something else may have changed: the account should be read soon. */
  isDue: boolean;
}

/** The protocol of an exchange's private stream. */
export interface StreamProtocol {
  /** Where to connect, and the messages to send first. Created for each connection, because it is signed. */
  connect(): Promise<{ url: string; headers: Record<string, string>; hello: readonly string[] }>;
  /** What keeps the connection open, if the exchange does not count pings of WebSocket. */
  ping?: string;
  /**
   * Interprets a message, parsed as JSON. `ended`: why another connection is needed, as in `Failure.reason`.
   */
  hear(message: unknown): AccountNews | { ended: string } | null;
}

/** The result of looking up announced fills. */
export interface HintedFills {
  entries: RawEntry[];
  cursor: Cursor;
  /** Those that the exchange does not list yet. */
  missing: FillHint[];
}

/** The private stream of an account. It brings nothing that pages do not contain; it is only faster. */
export interface LiveAdapter {
  stream: StreamProtocol;
  /** Present if the stream announces fills without all details. */
  fills?: {
    /** The source whose cursor moves. */
    source: string;
    read(cursor: Cursor, hints: readonly FillHint[]): Promise<HintedFills>;
  };
}

export interface AdapterOptions {
  credentials: Credentials;
  /** Replaces the exchange's own address. */
  url: ExchangeUrl | null;
}

export type OpenAdapter = (options: AdapterOptions) => Promise<AccountAdapter>;

/** Which account to read, and its credentials. */
export interface AccountPlace {
  accountId: string;
  exchange: ExchangeId;
  credentials: Credentials;
  url: ExchangeUrl | null;
}

/** A request from the node to the worker. */
export type AccountRequest = AccountPlace &
  (
    | { method: 'inspect' }
    | { method: 'balances' }
    | { method: 'page'; source: string; cursor: Cursor | null; now: number }
    | { method: 'sources' }
    | { method: 'watch' }
    | { method: 'fills'; cursor: Cursor; hints: readonly FillHint[] }
  );

export interface AccountAnswers {
  inspect: KeyFacts;
  balances: Record<string, string>;
  page: AccountPage;
  sources: readonly string[];
  watch: Watched | null;
  fills: HintedFills;
}

/** A stream that the worker now follows. */
export interface Watched {
  /** The source whose cursor is needed to look up hints; `null` if there are none. */
  source: string | null;
}
