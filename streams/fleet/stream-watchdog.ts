import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import type { Hub } from '../core/connections/hub.ts';
import type { OpenStream } from '../core/connections/open-stream.ts';
import type { Projector } from '../portfolio/projector.ts';
import type { HealthCheck } from './health-check.ts';

export interface StreamWatchdogOptions {
  hub: Pick<Hub, 'streams'>;
  projector: Pick<Projector, 'stalled' | 'size'>;
  clock: Clock;
  logger: Logger;
}

/** How often it looks. */
const LOOK_MS = 5_000;
/**
 * A stream is stuck after this long without `ready`, and without an event since the last check. Opening may take 15 s.
 */
const READY_MS = 20_000;
/** A projection is stalled if it has owed a publish for this long. */
const OVERDUE_MS = 15_000;
/** The most names in one log line. */
const NAMED = 10;
/** A node is not ready when more than half of its streams or portfolios are stuck, and at least this many. */
const MANY = 3;

/**
 * Finds streams that never became ready and portfolios that are not published although they should be. Everything they
 * wait for has a deadline, so there should be none; this reports the exceptions.
 */
export class StreamWatchdog {
  readonly #options: StreamWatchdogOptions;
  readonly #cancel: () => void;
  /** Events sent by the streams that were not ready at the last check. */
  #sent = new Map<string, number>();
  #stuck = new Set<string>();
  #stalled = new Set<string>();
  #openStreams = 0;
  #watchedPortfolios = 0;

  constructor(options: StreamWatchdogOptions) {
    this.#options = options;
    this.#cancel = options.clock.every(LOOK_MS, () => this.#look());
  }

  /** At the last look. */
  get stuckStreams(): number {
    return this.#stuck.size;
  }

  get stalledProjections(): number {
    return this.#stalled.size;
  }

  /** A few stuck streams have causes that another node would share, so they are only reported. */
  health(): HealthCheck {
    const streams = { stuck: this.#stuck.size, of: this.#openStreams };
    const portfolios = { stuck: this.#stalled.size, of: this.#watchedPortfolios };
    const details = [
      ...(streams.stuck > 0 ? [`${streams.stuck} of ${streams.of} streams never became ready`] : []),
      ...(portfolios.stuck > 0
        ? [`${portfolios.stuck} of ${portfolios.of} watched portfolios are not published`]
        : []),
    ];
    const isMost = ({ stuck, of }: { stuck: number; of: number }): boolean => stuck >= MANY && stuck * 2 > of;
    return { ready: !isMost(streams) && !isMost(portfolios), detail: details.join('; ') || null };
  }

  close(): void {
    this.#cancel();
  }

  #look(): void {
    this.#lookAtStreams();
    this.#lookAtProjections();
  }

  #lookAtStreams(): void {
    const { hub, clock, logger } = this.#options;
    const streams = hub.streams();
    const now = clock.now();
    const isWaiting = ({ subscriber }: OpenStream): boolean =>
      !subscriber.isReady && !subscriber.isBlocked && now - subscriber.openedAt > READY_MS;
    const waiting = streams.filter(isWaiting);
    const stuck = waiting.filter(({ id, subscriber }) => this.#sent.get(id) === subscriber.sentEvents);
    const fresh = stuck.filter(({ id }) => !this.#stuck.has(id));
    if (fresh.length > 0) {
      const some = fresh.slice(0, NAMED).map(({ id }) => id);
      logger.warn({ count: fresh.length, streams: some }, 'streams never became ready');
    }
    this.#openStreams = streams.length;
    this.#sent = new Map(waiting.map(({ id, subscriber }) => [id, subscriber.sentEvents]));
    this.#stuck = new Set(stuck.map(({ id }) => id));
  }

  #lookAtProjections(): void {
    const { projector, logger } = this.#options;
    const stalled = projector.stalled(OVERDUE_MS);
    const fresh = stalled.filter(({ portfolioId }) => !this.#stalled.has(portfolioId));
    if (fresh.length > 0)
      logger.warn(
        { count: fresh.length, projections: fresh.slice(0, NAMED) },
        'portfolios are not published',
      );
    this.#watchedPortfolios = projector.size;
    this.#stalled = new Set(stalled.map(({ portfolioId }) => portfolioId));
  }
}
