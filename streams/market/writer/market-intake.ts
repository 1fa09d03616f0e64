import { DeadlineError } from '../../../lib/async/deadline.ts';
import type { Clock } from '../../../lib/clock.ts';
import { problem } from '../../../lib/problem.ts';
import { MARKET_LOG } from '../../channels/logs.ts';
import { type Broker, BrokerUnavailableError, type Position } from '../../core/broker.ts';
import { objection } from '../market-tick.ts';
import type { Market } from '../market.ts';
import type { Tick } from '../tick.ts';
import type { PublishTurns } from './publish-turns.ts';
import type { LoadedCandles, TickRecorder } from './tick-recorder.ts';

/** The feed of ticks that arrive over REST. */
export const PUSHED = 'push';
const BATCH = 500;
/** How many pushed ticks may wait for their turn. */
const MAX_PENDING = 20_000;

export interface MarketIntakeOptions {
  broker: Broker;
  market: Market;
  recorder: TickRecorder;
  turns: PublishTurns;
  clock: Clock;
  /** Whether the log can be written, as far as is known. */
  isAvailable: () => boolean;
  /** Called with the number of ticks that were published. */
  onPushed: (ticks: number) => void;
}

/** What requests bring into the market log, on whatever node they arrive. It fails at once while the log is unavailable. */
export class MarketIntake {
  readonly #options: MarketIntakeOptions;
  #pending = 0;
  #isClosed = false;

  constructor(options: MarketIntakeOptions) {
    this.#options = options;
  }

  /**
   * Publishes ticks that arrived over REST.
   * @returns their position in the market log
   * @throws Problem `invalid-request` if one of them cannot be accepted (then none is), `conflict` if there are too
   * many symbols, or prices are simulated, `unavailable` if the log cannot be written
   */
  async push(ticks: readonly Tick[]): Promise<Position> {
    this.assertReal();
    const errors = ticks.flatMap((tick, index) => {
      const reason = objection(tick, this.#options.clock.now());
      return reason === null
        ? []
        : [{ pointer: ticks.length === 1 ? '' : `/items/${index}`, detail: reason }];
    });
    if (errors.length > 0) throw problem('invalid-request', { errors });
    if (!this.hasRoomFor(ticks.map((tick) => tick.symbol))) {
      throw problem('conflict', {
        detail: 'The market has as many symbols as it can keep. Send ticks of known symbols only.',
      });
    }
    const { broker, recorder, turns, isAvailable } = this.#options;
    if (this.#isClosed || !isAvailable()) throw problem('unavailable');
    if (this.#pending + ticks.length > MAX_PENDING) {
      throw problem('unavailable', {
        detail: 'Too many ticks are waiting. Send these again later.',
        headers: { 'Retry-After': '1' },
      });
    }
    this.#pending += ticks.length;
    try {
      const position = await turns.takeSoon(async () =>
        broker.publish(MARKET_LOG, recorder.record(ticks, PUSHED).payloads),
      );
      this.#options.onPushed(ticks.length);
      return position;
    } catch (error) {
      throw asProblem(error);
    } finally {
      this.#pending -= ticks.length;
    }
  }

  /** @throws Problem `conflict` if prices are simulated: real ones are never mixed with them */
  assertReal(): void {
    if (!this.#options.market.isSimulated) return;
    throw problem('conflict', {
      detail:
        'The prices of this market are made up, and real ones are not mixed with them. Start the server with another MARKET_FEED.',
    });
  }

  /** Whether prices of all these symbols can be accepted. */
  hasRoomFor(symbols: Iterable<string>): boolean {
    return this.#options.recorder.book.hasRoomFor(...symbols);
  }

  /**
   * Tells all nodes that candles were stored. A close that is newer than any known price becomes the price.
   * @throws Problem `unavailable`
   */
  async announceLoaded(loads: readonly LoadedCandles[]): Promise<void> {
    if (this.#isClosed) throw problem('unavailable');
    const { broker, recorder, turns } = this.#options;
    try {
      await turns.takeSoon(async () => {
        for (let start = 0; start < loads.length; start += BATCH) {
          const batch = loads.slice(start, start + BATCH);
          const payloads = batch.map((load) => recorder.recordLoaded(load));
          await broker.publish(MARKET_LOG, payloads);
        }
      });
    } catch (error) {
      throw asProblem(error);
    }
  }

  close(): void {
    this.#isClosed = true;
  }
}

/** The response to a request when the log cannot be written. */
function asProblem(error: unknown): unknown {
  const isUnavailable = error instanceof BrokerUnavailableError || error instanceof DeadlineError;
  return isUnavailable ? problem('unavailable', { cause: error }) : error;
}
