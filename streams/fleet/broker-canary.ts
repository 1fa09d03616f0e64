import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { Broker, Subscription } from '../core/broker.ts';
import type { RoundTripCheck } from './health-check.ts';

/** How often the canary is sent, and how long after the last one returned the broker counts as unreachable. */
const BEAT_MS = 1_000;
const SILENCE_MS = 3_500;
/** How long a beat may take. */
const STEP_MS = 3_000;

/**
 * End-to-end check of the broker: an event is published and must arrive as any client's would. This detects a node that
 * is connected but no longer receives its events.
 */
export class BrokerCanary {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #log: string;
  readonly #closing = new AbortController();
  #subscription: Subscription | null = null;
  #heardAt: number | null = null;
  #roundTripMs: number | null = null;
  #detail: string | null = 'no canary has come back yet';
  #cancel: () => void = () => undefined;
  #busy: Promise<void> | null = null;

  /** @param node distinguishes this process's canary from those of others */
  constructor({ broker, clock, node }: { broker: Broker; clock: Clock; node: string }) {
    this.#broker = broker;
    this.#clock = clock;
    this.#log = `canary:${node}`;
  }

  start(): void {
    this.#cancel = this.#clock.every(BEAT_MS, () => this.#beat());
    this.#beat();
  }

  health(): RoundTripCheck {
    const heard = this.#heardAt;
    const ready = heard !== null && this.#clock.monotonic() - heard <= SILENCE_MS;
    return {
      ready,
      roundTripMs: this.#roundTripMs,
      detail: ready ? null : (this.#detail ?? 'the canary is silent'),
    };
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#closing.abort(new Error('the canary is closed'));
    await this.#busy;
    await this.#subscription?.close();
  }

  #beat(): void {
    this.#busy ??= this.#send()
      .catch((error: unknown) => {
        this.#detail = error instanceof Error ? error.message : 'the broker failed';
      })
      .finally(() => {
        this.#busy = null;
      });
  }

  async #send(): Promise<void> {
    if (this.#subscription === null) {
      const subscribing = this.#broker.subscribe(this.#log, {
        events: (_epoch, events) => {
          const sentAt = Number(events.at(-1)?.data);
          this.#heardAt = this.#clock.monotonic();
          this.#roundTripMs = Math.round(this.#heardAt - sentAt);
          this.#detail = null;
        },
        reset: () => undefined,
        condition: () => undefined,
      });
      this.#subscription = await this.#within('subscribing', subscribing, (late) => late.close());
    }
    const data = String(this.#clock.monotonic());
    await this.#within('publishing', this.#broker.publish(this.#log, [{ data }]));
  }

  #within<T>(what: string, task: Promise<T>, late?: (value: T) => unknown): Promise<T> {
    const { signal } = this.#closing;
    return withDeadline(task, {
      clock: this.#clock,
      ms: STEP_MS,
      what: `${what} of the canary`,
      signal,
      late,
    });
  }
}
