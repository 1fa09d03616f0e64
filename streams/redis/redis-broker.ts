import { systemClock } from '../../lib/clock.ts';
import { createLogger } from '../../lib/logging/log.ts';
import {
  BrokerUnavailableError,
  DEFAULT_BOUNDS,
  type Broker,
  type HistoryLoss,
  type HistoryPage,
  type LogListener,
  type LogState,
  type Payload,
  type Position,
  type PublishOptions,
  type Subscription,
} from '../core/broker.ts';
import { RedisRing, type RedisBrokerOptions } from './redis-ring.ts';
import { RedisSubscriber } from './redis-subscriber.ts';

export type { RedisBrokerOptions } from './redis-ring.ts';

/**
 * The broker of a fleet: rings in Redis, and live delivery by pub/sub that is checked against them. There are two
 * connections per process, whatever the number of logs: commands fail fast on one, subscriptions persist on the other.
 */
export class RedisBroker implements Broker {
  readonly #ring: RedisRing;
  readonly #subscriber: RedisSubscriber;
  #closed = false;

  constructor(options: RedisBrokerOptions) {
    const settings = {
      clock: systemClock,
      random: Math.random,
      bounds: () => DEFAULT_BOUNDS,
      generationOf: () => 0,
      ...options,
      log: options.log ?? createLogger('warn'),
    };
    this.#ring = new RedisRing(settings, () => this.#subscriber.lost());
    this.#subscriber = new RedisSubscriber(settings, this.#ring);
  }

  async publish(log: string, events: readonly Payload[], options: PublishOptions = {}): Promise<Position> {
    return this.#ring.publish(log, events, options);
  }

  async audience(log: string): Promise<number> {
    return this.#ring.audience(log);
  }

  async history(log: string, after: Position, limit: number): Promise<HistoryPage | HistoryLoss> {
    if (!Number.isSafeInteger(after.offset)) return { lost: 'epoch' };
    const { status, head, events } = await this.#ring.read(log, after, limit, false);
    return status === 'ok' ? { epoch: head.epoch, events, head: head.offset } : { lost: status };
  }

  async subscribe(log: string, listener: LogListener): Promise<Subscription> {
    if (this.#closed) throw new BrokerUnavailableError(new Error('the broker is closed'));
    return this.#subscriber.subscribe(log, listener);
  }

  async head(log: string): Promise<Position> {
    return this.#ring.head(log);
  }

  async state(log: string): Promise<LogState> {
    return this.#ring.state(log);
  }

  /** The node has started: from now on `commandTimeoutMs` applies instead of `startTimeoutMs`. */
  started(): void {
    this.#ring.started();
    this.#subscriber.started();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ring.close();
    await this.#subscriber.close();
  }
}
