import type { Clock } from '../../../lib/clock.ts';
import { MARKET_LOG } from '../../channels/logs.ts';
import type { Broker, Payload } from '../../core/broker.ts';
import type { CandleKeeper } from './candle-keeper.ts';

const BATCH = 500;
/** How many candle events may wait while the broker is unavailable. */
const MAX_UNSENT = 10_000;

/** Publishes the candles that have changed. */
export class CandlePublisher {
  readonly #broker: Broker;
  readonly #candles: CandleKeeper;
  readonly #clock: Clock;
  #unsent: Payload[] = [];

  constructor({ broker, candles, clock }: { broker: Broker; candles: CandleKeeper; clock: Clock }) {
    this.#broker = broker;
    this.#candles = candles;
    this.#clock = clock;
  }

  /** Drops what still waits from an earlier term: another node may have published newer candles since. */
  takeOver(): void {
    this.#candles.takeOver();
    this.#unsent = [];
  }

  /** @throws FencedError, BrokerUnavailableError; what was not published waits for the next call */
  async publish(fence: number): Promise<void> {
    this.#unsent.push(...this.#candles.payloads(this.#clock.now()));
    this.#unsent.splice(0, this.#unsent.length - MAX_UNSENT);
    while (this.#unsent.length > 0) {
      await this.#broker.publish(MARKET_LOG, this.#unsent.slice(0, BATCH), { fence });
      this.#unsent.splice(0, BATCH);
    }
  }
}
