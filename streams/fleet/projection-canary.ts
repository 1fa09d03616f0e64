import { CATALOG } from '../channels/catalog.ts';
import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import type { Broker } from '../core/broker.ts';
import type { Leases } from '../core/lease.ts';
import type { Frame } from '../core/frame.ts';
import type { FrameReceiver } from '../core/frame-router.ts';
import { LogView } from '../core/log-view.ts';
import type { ProjectedValuation } from '../portfolio/due-figures.ts';
import { Projection } from '../portfolio/projection.ts';
import type { RoundTripCheck } from './health-check.ts';

/** How often a projection is tried, and how long after the last success this node counts as not ready. */
const BEAT_MS = 3_000;
const SILENCE_MS = 12_000;
/** How long each part of it may take. */
const STEP_MS = 5_000;

export interface ProjectionCanaryOptions {
  broker: Broker;
  leases: Leases;
  clock: Clock;
  logger: Logger;
  /** Tells this process's canary from those of others. */
  node: string;
}

/**
 * End-to-end check of a portfolio's path: each beat starts a projection of a portfolio that does not exist, opens a
 * view of its log as a reader does, looks for the first figures there, moves them, and waits for the new ones to be
 * delivered. It uses a new projection each time, because starting is what fails: projections that already run prove
 * nothing about the next one.
 */
export class ProjectionCanary {
  readonly #options: ProjectionCanaryOptions;
  readonly #failures: RepeatedLog;
  readonly #log: string;
  readonly #closing = new AbortController();
  /** The price of what the portfolio holds. It grows, so that figures of an earlier beat can be distinguished. */
  #price = 0;
  #succeededAt: number | null = null;
  #roundTripMs: number | null = null;
  #detail: string | null = 'no projection has been tried yet';
  #cancel: () => void = () => undefined;
  #busy: Promise<void> | null = null;

  constructor(options: ProjectionCanaryOptions) {
    this.#options = options;
    this.#failures = new RepeatedLog(options.logger, options.clock);
    this.#log = `canary:${options.node}:projection`;
  }

  start(): void {
    this.#cancel = this.#options.clock.every(BEAT_MS, () => this.#beat());
    this.#beat();
  }

  health(): RoundTripCheck {
    const succeeded = this.#succeededAt;
    const ready = succeeded !== null && this.#options.clock.monotonic() - succeeded <= SILENCE_MS;
    return {
      ready,
      roundTripMs: this.#roundTripMs,
      detail: ready ? null : (this.#detail ?? 'a projection is taking too long'),
    };
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#closing.abort(new Error('the canary is closed'));
    await this.#busy;
  }

  #beat(): void {
    this.#busy ??= this.#try()
      .then(
        () => {
          this.#succeededAt = this.#options.clock.monotonic();
          this.#detail = null;
        },
        (error: unknown) => {
          this.#detail = error instanceof Error ? error.message : 'a projection failed';
        },
      )
      .finally(() => {
        this.#busy = null;
      });
  }

  async #try(): Promise<void> {
    const { broker, leases, clock, logger } = this.#options;
    const startedAt = clock.monotonic();
    this.#price += 1;
    const projection = new Projection({
      portfolioId: 'canary',
      log: this.#log,
      leaseName: this.#log,
      broker,
      leases,
      clock,
      logger,
      failures: this.#failures,
      intervalMs: 0,
      holdingsIntervalMs: 0,
      value: () => Promise.resolve(this.#valuation()),
      follow: () => undefined,
    });
    let view: LogView | null = null;
    try {
      projection.start();
      await this.#within('publishing of first figures', projection.ready('totals'));
      const opening = LogView.open(this.#log, { broker, catalog: CATALOG, clock, logger });
      view = await this.#within('opening of a log', opening, (late) => late.close());
      await this.#within('reading of the state of a log', view.settled());
      await this.#within('delivery of first figures', this.#shows(view));
      this.#price += 1;
      const delivery = this.#shows(view);
      projection.marketMoved();
      await this.#within('delivery of new figures', delivery);
      this.#roundTripMs = Math.round(clock.monotonic() - startedAt);
    } finally {
      await projection.close();
      if (view !== null)
        await withDeadline(view.close(), { clock, ms: STEP_MS, what: 'closing of a log' }).catch(
          () => undefined,
        );
    }
  }

  /** Resolves when a new reader has the current figures: from the state, or as an event that was under way. */
  #shows(view: LogView): Promise<void> {
    const position = `"position":"${this.#position}"`;
    const shows = (frames: readonly Frame[]): boolean => frames.some(({ data }) => data.includes(position));
    const isCurrent = (): boolean => shows(view.current(new Set([this.#channel])));
    if (isCurrent()) return Promise.resolve();
    return new Promise((resolve) => {
      const receiver: FrameReceiver = {
        deliver: (_log, _position, frames) => {
          if (shows(frames)) resolve();
        },
        resetLog: () => {
          if (isCurrent()) resolve();
        },
        conditionChanged: () => undefined,
      };
      view.router.add(receiver, [this.#channel]);
    });
  }

  get #channel(): string {
    return `pnl:${this.#log.slice(this.#log.indexOf(':') + 1)}`;
  }

  get #position(): string {
    return `1@canary.${this.#price}`;
  }

  #valuation(): ProjectedValuation {
    return {
      version: 1,
      validUntil: Number.POSITIVE_INFINITY,
      symbols: () => new Set(),
      mark: () => ({
        pnl: {
          portfolioId: 'canary',
          asOf: new Date(this.#options.clock.now()).toISOString(),
          position: this.#position,
          equity: null,
          netContributions: null,
        },
        holdings: () => [],
      }),
    };
  }

  #within<T>(what: string, task: Promise<T>, late?: (value: T) => unknown): Promise<T> {
    const { signal } = this.#closing;
    return withDeadline(task, { clock: this.#options.clock, ms: STEP_MS, what, signal, late });
  }
}
