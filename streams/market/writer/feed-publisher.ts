import { backoff, type Backoff } from '../../../lib/async/backoff.ts';
import type { Clock, Random } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import { MARKET_LOG } from '../../channels/logs.ts';
import { type Broker, BrokerUnavailableError } from '../../core/broker.ts';
import type { FeedTerm } from './feed-runner.ts';
import type { Market } from '../market.ts';
import type { OwnRecords } from './own-records.ts';
import type { TickBatch } from './tick-recorder.ts';

export interface FeedPublisherOptions {
  broker: Broker;
  market: Market;
  own: OwnRecords;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** Publishes the ticks of the feed, each batch once, however often the broker goes away meanwhile. */
export class FeedPublisher {
  readonly #options: FeedPublisherOptions;
  readonly #retry: Backoff;
  #trouble: string | null = null;

  constructor(options: FeedPublisherOptions) {
    this.#options = options;
    this.#retry = backoff(options.clock, options.random, { baseMs: 100, capMs: 5_000 });
  }

  /** Why the batch under way is not in the log yet; `null` if there is none, or nothing hinders it. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** @throws FencedError, or the reason of the term's signal when the term is over */
  async publish({ payloads, last }: TickBatch, { fence, signal }: FeedTerm): Promise<void> {
    if (payloads.length === 0) return;
    try {
      // A batch is taken whole or not at all, so its last record speaks for all of it.
      while (!this.#options.own.hasReturned(last)) {
        try {
          await this.#options.broker.publish(MARKET_LOG, payloads, { fence });
          this.#retry.reset();
          return;
        } catch (error) {
          if (!(error instanceof BrokerUnavailableError)) throw error;
          this.#trouble = error.message;
          await this.#untilCaughtUp(signal);
        }
      }
    } finally {
      this.#trouble = null;
    }
  }

  /** Waits until the broker answers and the market has applied all that the log holds. */
  async #untilCaughtUp(signal: AbortSignal): Promise<void> {
    const { broker, market, log } = this.#options;
    for (;;) {
      await this.#retry.wait(signal);
      signal.throwIfAborted();
      try {
        const head = await broker.head(MARKET_LOG);
        const { epoch, offset } = market.position;
        if (epoch === head.epoch && offset >= head.offset) return;
      } catch (error) {
        if (!(error instanceof BrokerUnavailableError)) throw error;
        log.debug({ err: error }, 'the broker is still unavailable');
      }
    }
  }
}
