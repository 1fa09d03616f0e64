import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { isFinal, waitOf } from 'marktide/client';

const RETRY_MS = 1_000;
const WAITS = { random: Math.random, longestWaitMs: 30_000 };
/** The minimum interval, no matter how often something reports that the answer may have changed. */
const EVERY_MS = 2_000;

export type Load<T> = (signal: AbortSignal) => Promise<T>;

/**
 * An answer that is requested again when it may have changed, or when a request has failed. The last answer
 * stays until a newer one arrives.
 */
export class Query<T> {
  readonly #answer = signal<T | null>(null);
  readonly #error = signal<unknown>(null);
  readonly #isBusy = signal(false);
  #load: Load<T> | null = null;
  #life = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #isWanted = false;
  #failures = 0;
  #notBefore = 0;

  get answer(): ReadonlySignal<T | null> {
    return this.#answer;
  }

  /** Why the answer is not current; `null` if it is. */
  get error(): ReadonlySignal<unknown> {
    return this.#error;
  }

  /** Whether a different request is under way. */
  get isBusy(): ReadonlySignal<boolean> {
    return this.#isBusy;
  }

  /** Sets the request to make from now on. */
  start(load: Load<T>): void {
    this.stop();
    this.#life = new AbortController();
    this.#load = load;
    this.#isAsking = false;
    this.#isWanted = false;
    this.#failures = 0;
    this.#notBefore = 0;
    this.#isBusy.value = true;
    this.poke();
  }

  /** Reports that the answer may have changed. */
  poke(): void {
    if (this.#load === null || this.#life.signal.aborted) return;
    if (this.#isAsking) this.#isWanted = true;
    else this.#timer ??= setTimeout(() => void this.#run(), Math.max(0, this.#notBefore - Date.now()));
  }

  stop(): void {
    this.#life.abort();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #run(): Promise<void> {
    const load = this.#load;
    const { signal: life } = this.#life;
    this.#timer = undefined;
    if (load === null) return;
    this.#isAsking = true;
    this.#isWanted = false;
    this.#notBefore = Date.now() + EVERY_MS;
    try {
      const answer = await load(life);
      if (life.aborted) return;
      this.#failures = 0;
      batch(() => {
        this.#answer.value = answer;
        this.#error.value = null;
        this.#isBusy.value = false;
      });
    } catch (error) {
      if (life.aborted) return;
      this.#failed(error);
    }
    this.#isAsking = false;
    if (this.#isWanted) this.poke();
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    const cause = error instanceof Error ? error : null;
    const wait = waitOf({ attempt: this.#failures, retryMs: RETRY_MS, cause }, WAITS);
    this.#notBefore = Date.now() + wait;
    // Repeating a request that the server refuses would change nothing.
    this.#isWanted ||= !isFinal(error);
    this.#error.value = error;
  }
}
