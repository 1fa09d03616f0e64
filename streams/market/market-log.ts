import type { Clock, Random } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { backoff } from '../../lib/async/backoff.ts';
import { type Broker, type LogEvent, type Position, type Subscription } from '../core/broker.ts';
import { MARKET_LOG } from '../channels/logs.ts';
import type { TickRecord } from '../channels/record.ts';

export interface MarketLogOptions {
  broker: Broker;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Takes an event in, live or from the log's state. @returns the record of a tick, or `null` for anything else */
  take: (event: LogEvent) => TickRecord | null;
  /** Called with a live tick, when `position` is that of its event. */
  tell: (record: TickRecord, event: LogEvent) => void;
  /** Events were missed, or the log has another epoch. Its state is taken next. */
  lost: (position: Position, isOtherEpoch: boolean) => void;
}

/** Follows the market log from its state on, and takes the state again whenever events were missed. */
export class MarketLog {
  readonly #options: MarketLogOptions;
  readonly #closing = new AbortController();
  #position: Position = { epoch: '', offset: 0 };
  #updatedAt = 0;
  #subscription: Subscription | null = null;
  #reloading: Promise<void> | null = null;
  #resets = 0;

  constructor(options: MarketLogOptions) {
    this.#options = options;
  }

  /** The last event taken. */
  get position(): Position {
    return this.#position;
  }

  /** When it was published, epoch milliseconds; 0 before the first. */
  get updatedAt(): number {
    return this.#updatedAt;
  }

  /** False while the state is taken again: until then what is known may change while the position stays. */
  get isSettled(): boolean {
    return this.#reloading === null;
  }

  /** May be called again after a failure. @throws BrokerUnavailableError */
  async start(): Promise<void> {
    if (this.#subscription === null) {
      const subscription = await this.#options.broker.subscribe(MARKET_LOG, {
        events: (epoch, events) => this.#apply(epoch, events),
        reset: (position) => this.#reset(position),
        condition: () => {},
      });
      if (this.#position.epoch === '') this.#position = subscription.position;
      this.#subscription = subscription;
    }
    if (!(await this.#takeState())) this.#reset(this.#position);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#subscription?.close();
    await this.#reloading;
  }

  #apply(epoch: string, events: readonly LogEvent[]): void {
    for (const event of events) {
      const record = this.#options.take(event);
      this.#position = { epoch, offset: event.offset };
      this.#updatedAt = event.at;
      if (record !== null) this.#options.tell(record, event);
    }
  }

  #reset(position: Position): void {
    const isOtherEpoch = position.epoch !== this.#position.epoch;
    this.#position = position;
    this.#resets += 1;
    this.#options.lost(position, isOtherEpoch);
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = null;
    });
  }

  async #reload(): Promise<void> {
    const { clock, random, log } = this.#options;
    const { signal } = this.#closing;
    const retry = backoff(clock, random, { baseMs: 100, capMs: 5_000 });
    while (!signal.aborted) {
      try {
        const resets = this.#resets;
        // A state that was read before another reset lacks what that one missed.
        if ((await this.#takeState()) && resets === this.#resets) return;
      } catch (error) {
        log.warn({ err: error }, 'the market state cannot be read, trying again');
      }
      await retry.wait(signal);
    }
  }

  /** @returns whether the state belongs to the log that is followed now */
  async #takeState(): Promise<boolean> {
    const { position, entries } = await this.#options.broker.state(MARKET_LOG);
    if (this.#closing.signal.aborted || position.epoch !== this.#position.epoch) return false;
    for (const event of entries) {
      // What comes later than the position is about to be delivered, and listeners get events one by one.
      if (event.offset > this.#position.offset) continue;
      this.#options.take(event);
    }
    return true;
  }
}
