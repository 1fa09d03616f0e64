import type { MessageKey, OutboxMessage, PendingQuery } from '../../db/ledger/portfolios/outbox.ts';
import type { Clock } from '../../lib/clock.ts';
import { DeadlineError, withDeadline } from '../../lib/async/deadline.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { Slots } from '../../lib/async/slots.ts';
import { BrokerUnavailableError, SequenceGapError } from '../core/broker.ts';
import { type MessageBroker, publishMessages } from './message-publisher.ts';

export interface OutboxOptions {
  broker: MessageBroker;
  clock: Clock;
  logger: Logger;
  /** `pendingPortfolios(db, …)` */
  portfolios: (query: PendingQuery) => Promise<readonly string[]>;
  /** `pendingMessages(db, …)` */
  messages: (portfolioId: string) => Promise<readonly OutboxMessage[]>;
  /** `deleteMessages(db, …)` */
  remove: (keys: readonly MessageKey[]) => Promise<void>;
  /** Records of one publish. */
  batchSize?: number;
}

/** How often the table is searched for unpublished messages. */
const SWEEP_MS = 1_000;
/** A message is published right after it is written, so one of this age was left behind. */
const LEFT_BEHIND_MS = 2_000;
/** The longest a request that changed a ledger waits for its message to be published. */
const PATIENCE_MS = 1_000;
/** Published messages are deleted many at a time. */
const DELETE_MS = 50;
/** Portfolios whose backlog is published at the same time; they share the slots of `PAGES`. */
const BACKLOGS = 100;
/** Pages of backlogs that are being published at the same time: each takes a connection to the database. */
const PAGES = 4;
/** A page that gets no slot in time is left to a later sweep. */
const TURN_MS = 60_000;

interface Relay {
  /** Another message was written since it last looked. */
  again: boolean;
  done: Promise<void>;
}

/**
 * Publishes the changes of ledgers in the portfolios' logs: each once, in the order of versions. A message is written
 * in the transaction of its change, so none is lost when the node or the broker fails. The log takes a message only
 * right after its predecessor: a publisher that finds a gap first publishes everything pending of that portfolio,
 * whichever node booked it.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #warnings: RepeatedLog;
  readonly #cancelSweep: () => void;
  readonly #pages: Slots;
  /** Whoever publishes the backlog of a portfolio. */
  readonly #relays = new Map<string, Relay>();
  readonly #publishing = new Set<Promise<void>>();
  #published: MessageKey[] = [];
  #cancelDelete: (() => void) | null = null;
  #deleting: Promise<void> = Promise.resolve();
  #sweeping: Promise<void> | null = null;
  /** The last portfolio that a sweep found; `null`: begin with the first. */
  #sweptTo: string | null = null;
  #isAway = false;
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#warnings = new RepeatedLog(options.logger, options.clock);
    this.#pages = new Slots('pages', { all: PAGES, client: 1 }, options.clock);
    this.#cancelSweep = options.clock.every(SWEEP_MS, () => this.#sweepNow(LEFT_BEHIND_MS));
    // What this node left behind when it went down is published when it comes back.
    this.#sweepNow(0);
  }

  /**
   * Publishes what has just been committed. Resolves when it is published, or when that takes too long. Without the
   * broker it is published later: the change stays acknowledged.
   */
  async publish(message: OutboxMessage): Promise<void> {
    const work = this.#publish(message);
    this.#publishing.add(work);
    void work.finally(() => this.#publishing.delete(work));
    const { clock } = this.#options;
    await withDeadline(work, { clock, ms: PATIENCE_MS, what: 'publishing a change' }).catch(
      (error: unknown) => {
        if (!(error instanceof DeadlineError)) throw error;
      },
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSweep();
    await this.#sweeping;
    await Promise.all([...this.#publishing, ...[...this.#relays.values()].map(({ done }) => done)]);
    this.#cancelDelete?.();
    this.#delete();
    await this.#deleting;
  }

  async #publish(message: OutboxMessage): Promise<void> {
    const { portfolioId, version } = message;
    // The other nodes publish it, or this one after its next start.
    if (this.#isClosed) return undefined;
    const relay = this.#relays.get(portfolioId);
    if (relay !== undefined) {
      relay.again = true;
      return relay.done;
    }
    try {
      const { broker, batchSize } = this.#options;
      await publishMessages(broker, [message], { isComplete: false, batchSize });
      this.#isAway = false;
      this.#published.push({ portfolioId, version });
      this.#cancelDelete ??= this.#options.clock.after(DELETE_MS, () => this.#delete());
    } catch (error) {
      if (error instanceof SequenceGapError) await this.#relay(portfolioId);
      else this.#failed(error);
    }
  }

  /** Publishes the backlog of a portfolio. Concurrent callers share one run. Never rejects. */
  #relay(portfolioId: string): Promise<void> {
    const running = this.#relays.get(portfolioId);
    if (running !== undefined) {
      running.again = true;
      return running.done;
    }
    const relay: Relay = { again: true, done: Promise.resolve() };
    this.#relays.set(portfolioId, relay);
    relay.done = this.#workOff(portfolioId, relay)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        const hasRoom = this.#relays.size < BACKLOGS / 2;
        if (hasRoom && this.#sweptTo !== null && !this.#isAway) this.#sweepNow(LEFT_BEHIND_MS);
      });
    return relay.done;
  }

  async #workOff(portfolioId: string, relay: Relay): Promise<void> {
    try {
      while (relay.again && !this.#isClosed) {
        relay.again = false;
        while (!this.#isClosed && (await this.#publishNextPage(portfolioId))) this.#isAway = false;
      }
    } finally {
      // In the same turn as the last look at `again`: a later caller starts a new run.
      this.#relays.delete(portfolioId);
    }
  }

  /**
   * Others get their turn between pages, so a long backlog does not hold them up.
   * @returns whether there was a page
   */
  async #publishNextPage(portfolioId: string): Promise<boolean> {
    const place = await this.#pages.wait(portfolioId, TURN_MS);
    try {
      return await this.#publishPage(portfolioId);
    } finally {
      place.release();
    }
  }

  async #publishPage(portfolioId: string): Promise<boolean> {
    if (this.#isClosed) return false;
    const { broker, messages, remove, logger, batchSize } = this.#options;
    const page = await messages(portfolioId);
    if (page.length === 0) return false;
    await publishMessages(broker, page, { isComplete: true, batchSize });
    // Failing ends it: the next page would be the same.
    await remove(page.map(({ version }) => ({ portfolioId, version })));
    logger.debug({ portfolioId, count: page.length }, 'published messages left in the outbox');
    return true;
  }

  #delete(): void {
    this.#cancelDelete = null;
    const published = this.#published;
    if (published.length === 0) return;
    this.#published = [];
    this.#deleting = this.#deleting
      .then(() => this.#options.remove(published))
      // A sweep will find them, and the log knows them.
      .catch((error: unknown) => this.#failed(error));
  }

  #sweepNow(ageMs: number): void {
    if (this.#isClosed) return;
    this.#sweeping ??= this.#sweep(ageMs)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#sweeping = null;
      });
  }

  /**
   * Publishes portfolios with a backlog in turn. While the broker is away, one is enough to find out when it is back.
   */
  async #sweep(ageMs: number): Promise<void> {
    const { clock, portfolios } = this.#options;
    const limit = this.#isAway ? 1 : BACKLOGS - this.#relays.size;
    if (limit <= 0) return;
    const found = await portfolios({ after: this.#sweptTo, before: clock.now() - ageMs, limit });
    this.#sweptTo = found.length < limit ? null : (found.at(-1) ?? null);
    for (const portfolioId of found) if (!this.#isClosed) void this.#relay(portfolioId);
  }

  #failed(error: unknown): void {
    if (error instanceof BrokerUnavailableError) {
      this.#isAway = true;
      this.#warnings.warn({}, 'the broker is unavailable: ledger changes are published later');
    } else {
      this.#warnings.warn({ err: error }, 'the outbox cannot be published, trying again');
    }
  }
}
