import { noteEntries } from '../../db/accounts/account-entries.ts';
import { type AccountHold, saveCursor, sourceCursors } from '../../db/accounts/account-progress.ts';
import { AccountTakenError } from '../../db/accounts/account-taken.ts';
import type { ExchangeAccount } from '../../db/accounts/accounts.ts';
import type { RawEntry } from '../../lib/import/reading/format.ts';
import type { Lease } from '../core/lease.ts';
import type { PassOptions } from './account-pass.ts';
import type { AccountStreams } from './exchange-client.ts';
import type { AccountNews, AccountPlace, FillHint } from './exchanges/adapter.ts';

/** The maximum number of messages from the stream that wait to be booked; the next pass finds the others. */
const WAITING = 500;
/** Fills looked up in one batch. */
const TOGETHER = 20;
/** If the exchange does not show a fill yet, retry after this delay, and double it each time. */
const AGAIN_MS = 200;
const TRIES = 7;

export interface LiveAccountOptions extends Pick<
  PassOptions,
  'db' | 'clock' | 'url' | 'credentials' | 'book'
> {
  client: PassOptions['client'] & AccountStreams;
  /** The minimum time between a pass and the next one that the stream asks for. */
  dueMs: number;
  onDue: () => void;
  onLoss: (reason: string) => void;
  /** Something from the stream could not be booked, so a pass is needed. */
  onFailure: (error: unknown) => void;
  /** The account cannot continue: another node has it, or the stream has ended. */
  onEnd: () => void;
}

interface Told {
  hint: FillHint;
  tries: number;
  /** The earliest time to ask for it, on the monotonic clock. */
  at: number;
}

/**
 * An account whose private stream this node follows while it holds the lease. News from the stream is booked
 * at once, in the same way and with the same ids as what a pass reads: whichever comes second has no effect.
 */
export class LiveAccount {
  readonly hold: AccountHold;
  readonly signal: AbortSignal;
  readonly #options: LiveAccountOptions;
  readonly #lease: Lease;
  #account: ExchangeAccount;
  /** The source whose cursor is needed to look up fills. */
  #source: string | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #told: RawEntry[] = [];
  #booking: Promise<void> | null = null;
  readonly #hints = new Map<string, Told>();
  #looking: Promise<void> | null = null;
  #cancelAgain: (() => void) | null = null;
  #cancelDue: (() => void) | null = null;
  #readAt = -Infinity;
  #closed: Promise<void> | null = null;

  constructor(account: ExchangeAccount, lease: Lease, options: LiveAccountOptions) {
    this.#account = account;
    this.#lease = lease;
    this.#options = options;
    this.hold = { id: account.id, fence: lease.fence };
    this.signal = lease.signal;
  }

  /** Passes and look-ups move the same cursors, so they take turns. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /**
   * Called after each pass: follows the stream with the current credentials.
   * @returns whether there is a stream
   * @throws AccountError, DeadlineError
   */
  async listen(account: ExchangeAccount): Promise<boolean> {
    const { client, clock, onLoss, onEnd } = this.#options;
    this.#account = account;
    this.#readAt = clock.monotonic();
    const watched = await client.watch(await this.#place(), {
      onNews: (news) => this.#hear(news),
      onLoss,
      onEnd,
    });
    this.#source = watched?.source ?? null;
    return watched !== null;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  get #isClosed(): boolean {
    return this.#closed !== null;
  }

  async #close(): Promise<void> {
    this.#options.client.unwatch(this.hold.id);
    this.#cancelAgain?.();
    this.#cancelDue?.();
    await Promise.all([this.#turn, this.#booking, this.#looking]);
    await this.#lease.release();
  }

  async #place(): Promise<AccountPlace> {
    const { credentials, url } = this.#options;
    const { id: accountId, exchange } = this.#account;
    return { accountId, exchange, credentials: await credentials(this.#account), url: url(exchange) };
  }

  #hear({ entries, hints, isDue }: AccountNews): void {
    if (this.#isClosed) return;
    const room = WAITING - this.#told.length;
    this.#told.push(...entries.slice(0, room));
    const now = this.#options.clock.monotonic();
    for (const hint of hints) {
      if (this.#hints.size < WAITING) this.#hints.set(hint.fill, { hint, tries: 0, at: now });
    }
    if (isDue || entries.length > room || this.#hints.size >= WAITING) this.#soon();
    this.#book();
    this.#look();
  }

  /** Makes the account due soon. */
  #soon(): void {
    const { clock, dueMs, onDue } = this.#options;
    if (this.#cancelDue !== null || this.#isClosed) return;
    this.#cancelDue = clock.after(Math.max(0, this.#readAt + dueMs - clock.monotonic()), () => {
      this.#cancelDue = null;
      onDue();
    });
  }

  #book(): void {
    if (this.#booking !== null || this.#told.length === 0) return;
    this.#booking = this.#bookTold()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#booking = null;
        this.#book();
      });
  }

  async #bookTold(): Promise<void> {
    const entries = this.#told;
    this.#told = [];
    if (this.#isClosed) return;
    await this.#keep(entries);
  }

  async #keep(entries: readonly RawEntry[]): Promise<void> {
    const { db, book } = this.#options;
    if (this.signal.aborted) throw new AccountTakenError(this.hold.id);
    if (entries.length === 0) return;
    await book(this.#account, entries);
    const ids = entries.flatMap(({ externalId }) => (externalId === undefined ? [] : [externalId]));
    await noteEntries(db, this.#account, ids);
  }

  /** The fills that may be asked for now. */
  #ready(): Told[] {
    const now = this.#options.clock.monotonic();
    return [...this.#hints.values()].filter(({ at }) => at <= now).slice(0, TOGETHER);
  }

  #look(): void {
    if (this.#looking !== null || this.#isClosed) return;
    if (this.#ready().length === 0) return this.#lookAgain();
    this.#looking = this.inTurn(() => this.#lookUp())
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#looking = null;
        this.#look();
      });
  }

  #lookAgain(): void {
    this.#cancelAgain?.();
    this.#cancelAgain = null;
    if (this.#hints.size === 0) return;
    const { clock } = this.#options;
    const next = Math.min(...[...this.#hints.values()].map(({ at }) => at));
    this.#cancelAgain = clock.after(Math.max(1, next - clock.monotonic()), () => this.#look());
  }

  /** Asks for the fills that the stream announced, and books them. */
  async #lookUp(): Promise<void> {
    const { db, client } = this.#options;
    // Includes those that arrived while this waited for its turn.
    const told = this.#ready();
    for (const { hint } of told) this.#hints.delete(hint.fill);
    const source = this.#source;
    const cursor = source === null ? undefined : (await sourceCursors(db, this.hold.id)).get(source);
    if (source === null || cursor === undefined || this.#isClosed) return;
    const hints = told.map(({ hint }) => hint);
    const found = await client.ask({ ...(await this.#place()), method: 'fills', cursor, hints });
    await this.#keep(found.entries);
    await saveCursor(db, this.hold, { source, cursor: found.cursor, readUntil: null });
    const missing = new Set(found.missing.map(({ fill }) => fill));
    for (const each of told) if (missing.has(each.hint.fill)) this.#again(each);
  }

  /** The stream is ahead of the exchange's lists. */
  #again({ hint, tries }: Told): void {
    if (tries >= TRIES) return this.#soon();
    const at = this.#options.clock.monotonic() + AGAIN_MS * 2 ** tries;
    this.#hints.set(hint.fill, { hint, tries: tries + 1, at });
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    if (error instanceof AccountTakenError) return this.#options.onEnd();
    this.#options.onFailure(error);
    this.#soon();
  }
}
