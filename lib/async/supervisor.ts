import type { Clock, Random } from '../clock.ts';
import { backoff } from './backoff.ts';
import { withDeadline } from './deadline.ts';

/** Starts something. Resolves to a function that stops it. */
export type Start = () => Promise<() => Promise<void>>;

export interface SupervisorOptions {
  start: Start;
  /** What is started, for messages. */
  what: string;
  /** How long an attempt may take. Whatever starts later than that is stopped. */
  ms: number;
  clock: Clock;
  random: Random;
  /** Called after the first attempt if it failed. */
  onFailure: (error: unknown) => void;
  /** Called when a later attempt has worked. */
  onRecovery: () => void;
}

/** Keeps something running until it is closed: what fails to start is retried after growing pauses. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly what: string;
  #isFailing = false;
  #stop: (() => Promise<void>) | null = null;
  /** Resolves when the first attempt is over. Never rejects. */
  readonly tried: Promise<void>;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.what = options.what;
    this.tried = this.#attempt();
    this.#running = this.tried.then(() => this.#retry());
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error(`${this.#options.what} is closed`));
    await this.#running;
    await this.#stop?.();
  }

  /** Never rejects. */
  async #attempt(): Promise<void> {
    const { start, what, ms, clock, onFailure, onRecovery } = this.#options;
    const { signal } = this.#closing;
    try {
      const wait = { clock, ms, what: `starting ${what}`, signal };
      this.#stop = await withDeadline(start(), { ...wait, late: (stop: () => Promise<void>) => stop() });
      if (!this.#isFailing) return;
      this.#isFailing = false;
      onRecovery();
    } catch (error) {
      if (signal.aborted || this.#isFailing) return;
      this.#isFailing = true;
      onFailure(error);
    }
  }

  async #retry(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#closing;
    const pace = backoff(clock, random, { baseMs: 2_000, capMs: 30_000 });
    while (this.#isFailing && !signal.aborted) {
      await pace.wait(signal);
      if (!signal.aborted) await this.#attempt();
    }
  }
}
