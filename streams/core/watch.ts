import { backoff } from '../../lib/async/backoff.ts';
import type { Clock, Random } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { Logger } from '../../lib/logging/log.ts';

/** Starts whatever keeps a log or a channel up to date. Resolves to a function that stops it. */
export type StartWatch = () => Promise<() => Promise<void>>;

export interface WatchOptions {
  start: StartWatch;
  /** What is watched, for messages. */
  what: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** Called after a first attempt that failed, and when a later one has worked. */
  onChange: (isFailing: boolean) => void;
}

/** How long an attempt may take; what is watched is expected to give up earlier. */
export const OPEN_MS = 15_000;

/** Keeps a log or a channel up to date until it is closed: what fails to start is started again. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly what: string;
  #isFailing = false;
  #stop: (() => Promise<void>) | null = null;
  /** Resolves when the first attempt is over. Never rejects. */
  readonly tried: Promise<void>;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.what = options.what;
    this.tried = this.#attempt();
    this.#running = this.tried.then(() => this.#retry());
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error(`the watch of ${this.#options.what} is closed`));
    await this.#running;
    await this.#stop?.();
  }

  /** Never rejects. */
  async #attempt(): Promise<void> {
    const { start, what, clock, logger, onChange } = this.#options;
    const { signal } = this.#closing;
    try {
      const wait = { clock, ms: OPEN_MS, what: `the watch of ${what}`, signal };
      this.#stop = await withDeadline(start(), { ...wait, late: (stop: () => Promise<void>) => stop() });
      if (!this.#isFailing) return;
      this.#isFailing = false;
      onChange(false);
    } catch (error) {
      if (signal.aborted || this.#isFailing) return;
      logger.warn({ err: error }, `${what} cannot be kept up to date, trying again`);
      this.#isFailing = true;
      onChange(true);
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
