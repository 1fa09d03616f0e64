import type { Clock } from '../../lib/clock.ts';
import { type Broker, type Position, type Subscription } from '../core/broker.ts';

/** How often the canary sings, and how long it may be silent before this node counts as not ready. */
const BEAT_MS = 1_000;
const SILENCE_MS = 3_500;

export interface BrokerHealth {
  ready: boolean;
  /** Milliseconds from publish to delivery of the last canary; `null` before the first. */
  roundTripMs: number | null;
  detail: string | null;
}

/**
 * End-to-end check of the broker: an event goes out and must come back as any client's would. A node that is connected
 * but no longer gets its events is thus found out.
 */
export class Readiness {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #log: string;
  #subscription: Subscription | null = null;
  #heardAt: number | null = null;
  #roundTripMs: number | null = null;
  #detail: string | null = 'no canary has come back yet';
  #cancel: () => void = () => undefined;
  #busy: Promise<void> = Promise.resolve();
  #idle = true;
  #leaving = false;

  /** `node` tells this process's canary from those of others. */
  constructor(broker: Broker, clock: Clock, node: string) {
    this.#broker = broker;
    this.#clock = clock;
    this.#log = `canary:${node}`;
  }

  start(): void {
    this.#cancel = this.#clock.every(BEAT_MS, () => this.beat());
    this.beat();
  }

  /** This node is about to end: balancers shall send nobody more. */
  leave(): void {
    this.#leaving = true;
  }

  get isLeaving(): boolean {
    return this.#leaving;
  }

  health(): BrokerHealth {
    const heard = this.#heardAt;
    const ready = heard !== null && this.#clock.monotonic() - heard <= SILENCE_MS;
    return {
      ready,
      roundTripMs: this.#roundTripMs,
      detail: ready ? null : (this.#detail ?? 'the canary is silent'),
    };
  }

  /** One canary; resolves when it is out (not: back). */
  beat(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#busy = this.#sing().finally(() => {
      this.#idle = true;
    });
  }

  async close(): Promise<void> {
    this.#cancel();
    await this.#busy;
    await this.#subscription?.close();
  }

  async #sing(): Promise<void> {
    try {
      this.#subscription ??= await this.#broker.subscribe(this.#log, {
        events: (_epoch, events) => {
          const sentAt = Number(events.at(-1)?.data);
          this.#heardAt = this.#clock.monotonic();
          this.#roundTripMs = Math.round(this.#heardAt - sentAt);
          this.#detail = null;
        },
        reset: (_position: Position) => undefined,
        condition: () => undefined,
      });
      await this.#broker.publish(this.#log, [{ data: String(this.#clock.monotonic()) }]);
    } catch (error) {
      this.#detail = error instanceof Error ? error.message : 'the broker failed';
    }
  }
}
