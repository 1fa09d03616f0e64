import { type AccountHold, saveState } from '../../db/accounts/account-progress.ts';
import { AccountTakenError } from '../../db/accounts/account-taken.ts';
import { dueAccounts, type ExchangeAccount, makeDue, readAccounts } from '../../db/accounts/accounts.ts';
import type { Random } from '../../lib/clock.ts';
import { type Failure, FINAL_FAILURES } from '../../lib/exchanges/account-failure.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { causeOf, RepeatedLog } from '../../lib/logging/repeated-log.ts';
import type { Leases } from '../core/lease.ts';
import { type PassOptions, readAccount } from './account-pass.ts';
import { failureOf } from './failure-of.ts';
import { LiveAccount, type LiveAccountOptions } from './live-account.ts';

export interface AccountSyncOptions extends PassOptions {
  client: LiveAccountOptions['client'];
  random: Random;
  logger: Logger;
  leases: Pick<Leases, 'acquire'>;
  pollMs: number;
}

/** How often to look for accounts that are due. */
const LOOK_MS = 1_000;
/** Accounts that one node reads at once. */
const AT_ONCE = 4;
/** How soon to check differing balances again. */
const RECHECK_MS = 5_000;
/** How soon to retry an account that another node has. */
const TAKEN_MS = 2_000;
/** How often to read a key's permissions and expiry. */
const KEY_MS = 86_400_000;
/** The minimum time between a pass and the next one that a stream asks for. */
const STREAM_PASS_MS = 10_000;
/** The maximum number of streams that one node follows; other accounts are only polled. */
const STREAMS = 200;
const LONGEST_MS = 3_600_000;
/** Each request sent during a ban extends it. */
const BAN_MS = 120_000;

/**
 * Reads accounts at exchanges when they are due. Each has a lease, so that one node reads it at a time; the
 * lease's token fences the writes of its progress. Entries have the exchange's ids, so that whatever is read
 * twice is booked once. While an account's private stream is open, its lease is kept between passes, so that
 * one node follows the stream.
 */
export class AccountSync {
  readonly #options: AccountSyncOptions;
  readonly #warnings: RepeatedLog;
  readonly #cancel: () => void;
  readonly #closing = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  /** Accounts that another node has: not to be tried before this time on the monotonic clock. */
  readonly #held = new Map<string, number>();
  readonly #live = new Map<string, LiveAccount>();
  readonly #keysRead = new Map<string, number>();
  #looking: Promise<void> | null = null;

  constructor(options: AccountSyncOptions) {
    this.#options = options;
    this.#warnings = new RepeatedLog(options.logger, options.clock);
    this.#cancel = options.clock.every(LOOK_MS, () => this.look());
  }

  /** Looks at once instead of waiting for the timer: an account may be due. */
  look(): void {
    if (this.#closing.signal.aborted || this.#looking !== null) return;
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
    });
  }

  /** Somebody has changed an account of a portfolio. */
  changed(portfolioId: string): void {
    this.#options.publish(portfolioId);
    this.look();
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#closing.abort();
    await this.#looking;
    await Promise.all(this.#running.values());
    await Promise.all([...this.#live.values()].map((live) => this.#drop(live)));
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { db, clock } = this.#options;
    const free = AT_ONCE - this.#running.size;
    try {
      await this.#dropUnread();
      if (free <= 0) return;
      const due = await dueAccounts(db, { now: clock.now(), limit: AT_ONCE * 5 });
      const now = clock.monotonic();
      for (const [id, until] of this.#held) if (until <= now) this.#held.delete(id);
      const ready = due.filter(({ id }) => !this.#running.has(id) && !this.#held.has(id));
      for (const account of ready.slice(0, free)) {
        const pass = this.#pass(account).finally(() => {
          this.#running.delete(account.id);
          this.look();
        });
        this.#running.set(account.id, pass);
      }
    } catch (error) {
      this.#warnings.warn(
        { err: error },
        'accounts at exchanges could not be looked up, trying again',
        causeOf(error),
      );
    }
  }

  /** Closes the streams of accounts that are paused, stopped or deleted. */
  async #dropUnread(): Promise<void> {
    if (this.#live.size === 0) return;
    const read = await readAccounts(this.#options.db, [...this.#live.keys()]);
    const unread = [...this.#live.values()].filter(({ hold }) => !read.has(hold.id));
    await Promise.all(unread.map((live) => this.#drop(live)));
  }

  /** Never rejects. */
  async #pass(account: ExchangeAccount): Promise<void> {
    const { clock, logger } = this.#options;
    const { id } = account;
    const live = this.#live.get(id) ?? (await this.#take(account));
    if (live === null) {
      this.#held.set(id, clock.monotonic() + TAKEN_MS);
      return;
    }
    this.#held.delete(id);
    try {
      const isRead = await live.inTurn(() => this.#read(account, live));
      if (isRead && (await this.#listen(account, live))) return;
    } catch (error) {
      this.#held.set(id, clock.monotonic() + TAKEN_MS);
      // The account may have been deleted.
      if (error instanceof AccountTakenError) this.#keysRead.delete(id);
      else logger.warn({ err: error, accountId: id }, 'an account could not be read, trying again');
    }
    // Another node may succeed.
    await this.#drop(live);
  }

  /** `null` if another node has the account, or that is unknown. */
  async #take(account: ExchangeAccount): Promise<LiveAccount | null> {
    const { leases, logger, pollMs } = this.#options;
    const { id, exchange } = account;
    try {
      const lease = await leases.acquire(`account:${id}`);
      if (lease === null) return null;
      const live: LiveAccount = new LiveAccount(account, lease, {
        ...this.#options,
        dueMs: Math.min(pollMs, STREAM_PASS_MS),
        onDue: () => void this.#makeDue(id),
        onLoss: (reason) =>
          this.#warnings.warn(
            { accountId: id, exchange, reason },
            'the stream of an account was lost, connecting again',
            `${exchange} ${reason}`,
          ),
        onFailure: (error) =>
          this.#warnings.warn(
            { err: error, accountId: id },
            'what the stream of an account told could not be booked, reading the account',
            causeOf(error),
          ),
        onEnd: () => void this.#drop(live),
      });
      lease.signal.addEventListener('abort', () => void this.#drop(live), { once: true });
      return live;
    } catch (error) {
      logger.warn({ err: error, accountId: id }, 'an account could not be read, trying again');
      return null;
    }
  }

  /** @returns whether its stream is followed from now on */
  async #listen(account: ExchangeAccount, live: LiveAccount): Promise<boolean> {
    const { id } = account;
    if (this.#closing.signal.aborted || live.signal.aborted) return false;
    if (!this.#live.has(id) && this.#live.size >= STREAMS) return false;
    this.#live.set(id, live);
    return await live.listen(account);
  }

  /** Never rejects. */
  async #drop(live: LiveAccount): Promise<void> {
    const { id } = live.hold;
    if (this.#live.get(id) === live) this.#live.delete(id);
    await live.close();
  }

  /** Never rejects. */
  async #makeDue(id: string): Promise<void> {
    try {
      await makeDue(this.#options.db, id, this.#options);
      this.look();
    } catch {
      // It becomes due anyway.
    }
  }

  /** @returns whether the account was read to the end */
  async #read(account: ExchangeAccount, { hold, signal: held }: LiveAccount): Promise<boolean> {
    const { db, clock, random, pollMs, publish } = this.#options;
    const signal = AbortSignal.any([held, this.#closing.signal]);
    const keyRead = this.#keysRead.get(account.id);
    const isKeyDue = account.phase === 'waiting' || keyRead === undefined || clock.now() - keyRead > KEY_MS;
    try {
      const { isChecking } = await readAccount(account, hold, { signal, isKeyDue }, this.#options);
      if (isKeyDue) this.#keysRead.set(account.id, clock.now());
      const now = clock.now();
      // Jitter, so that accounts connected together do not stay in step.
      const pause = isChecking ? Math.min(RECHECK_MS, pollMs) : pollMs * (0.9 + 0.2 * random());
      await saveState(db, hold, {
        phase: 'current',
        failure: null,
        failures: 0,
        readUntil: null,
        lastSuccessAt: now,
        reconciledAt: now,
        nextTryAt: now + pause,
      });
      return true;
    } catch (error) {
      if (error instanceof AccountTakenError || this.#closing.signal.aborted) throw error;
      await this.#fail(account, hold, error);
      return false;
    } finally {
      publish(account.portfolioId);
    }
  }

  async #fail(account: ExchangeAccount, hold: AccountHold, error: unknown): Promise<void> {
    const { db, clock, logger } = this.#options;
    const failure = failureOf(error) ?? { code: 'internal-error' };
    const isFinal = FINAL_FAILURES.has(failure.code);
    if (account.failure?.code !== failure.code) {
      const about = { accountId: account.id, exchange: account.exchange, failure };
      const err = failure.code === 'internal-error' ? { err: error } : {};
      logger.warn({ ...about, ...err }, isFinal ? 'an account has stopped' : 'an account cannot be read now');
    }
    await saveState(db, hold, {
      phase: isFinal ? 'stopped' : 'failing',
      failure,
      failures: account.failures + 1,
      nextTryAt: clock.now() + this.#delay(failure, account.failures),
    });
  }

  /** As long as the exchange asks for, or else longer with each failure. */
  #delay({ code, retryAfterMs }: Failure, failures: number): number {
    const { random, pollMs } = this.#options;
    const least = code === 'banned' ? BAN_MS : Math.min(pollMs, 5_000);
    const grown = Math.min(LONGEST_MS, least * 2 ** Math.min(failures, 16));
    return Math.max(retryAfterMs ?? 0, grown) * (1 + 0.25 * random());
  }
}
