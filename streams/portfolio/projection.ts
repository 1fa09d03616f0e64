import type { EquitySnapshot } from '../../db/history/equity-snapshots.ts';
import type { Clock } from '../../lib/clock.ts';
import { DeadlineError, withDeadline } from '../../lib/async/deadline.ts';
import type { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { type Broker, BrokerUnavailableError, FencedError, type Subscription } from '../core/broker.ts';
import { DueFigures, type Figures, type ProjectedValuation } from './due-figures.ts';
import { EquitySampler } from './equity-sampler.ts';
import { HOLDINGS_REQUEST, isLedgerRecord } from '../channels/record-codec.ts';
import { HoldingsInterest } from './holdings-interest.ts';
import type { Lease, Leases } from '../core/lease.ts';
import { SerialTask } from './serial-task.ts';
import { Waiters } from './waiters.ts';

export interface ProjectionOptions {
  portfolioId: string;
  /** Where it publishes. */
  log: string;
  /** Held by the one node that publishes. */
  leaseName: string;
  broker: Broker;
  leases: Leases;
  clock: Clock;
  logger: Logger;
  /** Shared by all projections of a process: a failure of one often affects all, repeatedly. */
  failures: RepeatedLog;
  intervalMs: number;
  holdingsIntervalMs: number;
  /** `null`: there is no such portfolio. */
  value: (portfolioId: string) => Promise<ProjectedValuation | null>;
  /** Called when the set of symbols whose prices matter to the projection changes. */
  follow: (projection: Projection, before: ReadonlySet<string>, after: ReadonlySet<string>) => void;
}

/** How often a standby asks for the lease, and a node whose last attempt failed tries again. */
const RETRY_MS = 1_000;
/** How long a step may take. Broker and database have limits of their own, most of them tighter. */
const STEP_MS = 5_000;
const VALUE_MS = 10_000;
/** How long a reader waits for the figures. */
const READY_MS = 10_000;
const CLOSE_MS = 2_000;
const NO_SYMBOLS: ReadonlySet<string> = new Set();

/** Outcome of the last attempt. `standby`: another node holds the lease; `absent`: there is no such portfolio. */
type Role = 'none' | 'leader' | 'standby' | 'absent';

/** The step of the current attempt, or the one at which the last attempt failed. */
export type Step = 'idle' | 'subscribe' | 'lease' | 'value' | 'publish';

/**
 * One watched portfolio on this node. Only the node that holds the portfolio's lease publishes its PnL; others that
 * watch it are on standby. Publishes when a tick or the ledger moves a figure, at most once an interval.
 *
 * All of it happens in attempts, one at a time: subscribe → lease → value → publish. A step that is done is skipped,
 * and each has a deadline. After a failure the next attempt continues with the first step that is not done; whatever a
 * step acquires after its deadline is released.
 */
export class Projection {
  readonly #options: ProjectionOptions;
  readonly #attempts: SerialTask;
  readonly #due: DueFigures;
  readonly #interest: HoldingsInterest;
  readonly #equity: EquitySampler;
  readonly #waiters: Waiters;
  readonly #closing = new AbortController();
  #subscription: Subscription | null = null;
  #lease: Lease | null = null;
  #valuation: ProjectedValuation | null = null;
  /** The ledger has moved since the valuation was loaded. */
  #stale = true;
  #role: Role = 'none';
  #step: Step = 'idle';
  /** No attempt before (monotonic): the last one failed, or another node has the lease. */
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #symbols = NO_SYMBOLS;

  constructor(options: ProjectionOptions) {
    const { clock, portfolioId, intervalMs, holdingsIntervalMs } = options;
    this.#options = options;
    this.#attempts = new SerialTask(clock, () => this.#attempt());
    this.#equity = new EquitySampler(portfolioId, clock);
    this.#waiters = new Waiters(clock);
    this.#interest = new HoldingsInterest(clock, () => {
      if (this.#lease === null) void this.#tellInterest();
    });
    const areHoldingsWanted = (): boolean => this.#interest.isWanted;
    this.#due = new DueFigures({ clock, intervalMs, holdingsIntervalMs, areHoldingsWanted });
  }

  /** Makes an attempt now, or as soon as one is allowed. */
  start(): void {
    const pause = this.#pausedUntil - this.#options.clock.monotonic();
    if (pause > 0) this.#attempts.runIn(pause);
    else this.#attempts.runNow();
  }

  /**
   * Resolves when the log holds the current figures, or another node is responsible for it.
   * @throws DeadlineError when they do not come, or an error when it closes
   */
  async ready(what: Figures): Promise<void> {
    const { publishes } = this.#due;
    const { holdings } = publishes;
    if (what === 'totals' && (publishes.totals > 0 || this.#isElsewhere)) return;
    const areHoldingsReady = (): boolean => publishes.holdings > holdings || this.#due.areHoldingsFresh;
    const isReady = (): boolean =>
      this.#isElsewhere || (publishes.totals > 0 && (what === 'totals' || areHoldingsReady()));
    // Holdings need an attempt that knows they are wanted.
    if (what === 'holdings' || !this.#attempts.isPending) this.start();
    try {
      await this.#waiters.until(isReady, { ms: READY_MS, what: `the ${what} in ${this.#options.log}` });
    } catch (error) {
      // Earlier ones are in the log: the stream begins with those.
      if (!(error instanceof DeadlineError) || what === 'totals' || holdings === 0) throw error;
    }
    if (what === 'holdings' && this.#lease === null) await this.#tellInterest();
  }

  /** The holdings are published too until the returned function is called, which must be called once. */
  wantHoldings(): () => void {
    this.#due.holdingsMoved();
    return this.#interest.add();
  }

  /** How long something has been overdue for publishing, in milliseconds. */
  get overdueMs(): number {
    return this.#due.overdueMs;
  }

  get step(): Step {
    return this.#step;
  }

  /** One of the prices followed has moved. */
  marketMoved(): void {
    if (this.#due.isDirty || this.#valuation === null) return;
    this.#due.moved();
    this.#schedule();
  }

  ledgerMoved(): void {
    this.#stale = true;
    this.#due.moved();
    this.#schedule();
  }

  /** Schedules an attempt if this is not the loaded version of the ledger, in case an announcement was missed. */
  compare(version: number): void {
    if (this.#valuation?.version !== version) this.ledgerMoved();
    else if (!this.#attempts.isPending) this.#schedule();
  }

  /** Midnight has passed, or better data about the start of the day may be available. */
  renew(now: number): void {
    if (this.#lease !== null && this.#valuation !== null && now >= this.#valuation.validUntil)
      this.ledgerMoved();
  }

  /** What was published last, once a minute; `null` if there is nothing to keep. */
  takeEquity(): EquitySnapshot | null {
    return this.#equity.take();
  }

  /** Ends within seconds, whatever hangs. Never rejects. */
  async close(): Promise<void> {
    const { clock, logger, log } = this.#options;
    const reason = new Error('the projection is closed');
    this.#closing.abort(reason);
    this.#waiters.close(reason);
    this.#interest.close();
    this.#follow(NO_SYMBOLS);
    // Each step observes the signal: the attempt under way ends now and acquires nothing afterwards.
    await this.#attempts.close();
    const held = Promise.all([this.#subscription?.close(), this.#lease?.release()]);
    await withDeadline(held, { clock, ms: CLOSE_MS, what: 'closing' }).catch((error: unknown) =>
      logger.warn({ err: error, log }, 'a projection could not be closed cleanly'),
    );
  }

  get #isElsewhere(): boolean {
    return this.#role === 'standby' || this.#role === 'absent';
  }

  #schedule(): void {
    const ms = this.#due.dueInMs;
    if (ms === null) return;
    this.#attempts.runIn(Math.max(ms, this.#pausedUntil - this.#options.clock.monotonic()));
  }

  #pause(): void {
    this.#pausedUntil = this.#options.clock.monotonic() + RETRY_MS;
    this.#attempts.runIn(RETRY_MS);
  }

  /** Never rejects. */
  async #attempt(): Promise<void> {
    try {
      await this.#subscribe();
      const lease = await this.#lead();
      if (lease !== null) await this.#publish(await this.#value(), lease.fence);
      this.#step = 'idle';
      this.#waiters.check();
    } catch (error) {
      if (!this.#closing.signal.aborted) await this.#fail(error);
    }
  }

  async #subscribe(): Promise<void> {
    if (this.#subscription !== null) return;
    const { broker, log } = this.#options;
    const subscribing = broker.subscribe(log, {
      events: (_epoch, events) => {
        if (events.some(({ data }) => isLedgerRecord(data))) this.ledgerMoved();
        if (events.some(({ data }) => data === HOLDINGS_REQUEST) && this.#interest.hear()) this.#schedule();
      },
      // The ring is new or has a gap: what it should hold is published again.
      reset: () => this.ledgerMoved(),
      condition: (state) => {
        if (state === 'back') this.ledgerMoved();
      },
    });
    this.#subscription = await this.#within('subscribe', STEP_MS, subscribing, (late) => late.close());
  }

  /** @returns `null` if another node publishes */
  async #lead(): Promise<Lease | null> {
    if (this.#lease !== null && !this.#lease.signal.aborted) return this.#lease;
    this.#lease = null;
    this.#stale = true;
    const { leases, leaseName } = this.#options;
    const asking = leases.acquire(leaseName);
    this.#lease = await this.#within('lease', STEP_MS, asking, (late) => late?.release());
    this.#role = this.#lease === null ? 'standby' : 'leader';
    if (this.#lease !== null) return this.#lease;
    this.#valuation = null;
    this.#due.clear();
    this.#pause();
    return null;
  }

  async #value(): Promise<ProjectedValuation | null> {
    if (!this.#stale && this.#valuation !== null) return this.#valuation;
    const { value, portfolioId } = this.#options;
    this.#stale = false;
    this.#valuation = await this.#within('value', VALUE_MS, value(portfolioId));
    // Another change may have asked for this while the last valuation was on its way to be published, which has then
    // been answered by an earlier run: what is new must be published in any case.
    this.#due.moved();
    return this.#valuation;
  }

  async #publish(valuation: ProjectedValuation | null, fence: number): Promise<void> {
    if (valuation === null) {
      this.#role = 'absent';
      this.#due.clear();
      return;
    }
    if (this.#due.isDue) {
      const marked = valuation.mark();
      this.#follow(valuation.symbols());
      const { payloads, figures } = this.#due.take(marked);
      const { broker, log } = this.#options;
      await this.#within('publish', STEP_MS, broker.publish(log, payloads, { fence }));
      this.#due.published(figures);
      if (figures.includes('totals')) this.#equity.published(valuation.version, marked.pnl);
    }
    this.#schedule();
  }

  async #fail(failure: unknown): Promise<void> {
    const { clock, log, failures } = this.#options;
    this.#stale = true;
    this.#due.moved();
    this.#pause();
    if (!(failure instanceof FencedError))
      failures.warn(
        { err: failure, log, step: this.#step },
        'PnL could not be published, trying again',
        this.#step,
      );
    // Without the broker no other node could do better; otherwise one may.
    if (failure instanceof BrokerUnavailableError || this.#lease === null) return;
    const releasing = this.#lease.release();
    this.#lease = null;
    await withDeadline(releasing, { clock, ms: CLOSE_MS, what: 'giving the lease back' }).catch(
      (error: unknown) => failures.warn({ err: error, log }, 'the lease was not released: it will expire'),
    );
  }

  /** @throws DeadlineError, what the task throws, or at once an error when the projection closes */
  #within<T>(step: Step, ms: number, task: Promise<T>, late?: (value: T) => unknown): Promise<T> {
    this.#step = step;
    const { clock, log } = this.#options;
    const { signal } = this.#closing;
    return withDeadline(task, { clock, ms, what: `the step "${step}" of ${log}`, signal, late });
  }

  #follow(symbols: ReadonlySet<string>): void {
    if (symbols === this.#symbols || (this.#closing.signal.aborted && symbols !== NO_SYMBOLS)) return;
    this.#options.follow(this, this.#symbols, symbols);
    this.#symbols = symbols;
  }

  /** Never rejects: it is announced again later. */
  async #tellInterest(): Promise<void> {
    const { broker, clock, log, failures } = this.#options;
    try {
      const telling = broker.publish(log, [{ data: HOLDINGS_REQUEST }]);
      await withDeadline(telling, { clock, ms: STEP_MS, what: 'telling of interest' });
    } catch (error) {
      failures.warn({ err: error, log }, 'interest in the holdings could not be announced');
    }
  }
}
