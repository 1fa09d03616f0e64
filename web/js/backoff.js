/** Waiting times that grow and are spread, so that many pages do not come back at the same instant. */
export class Backoff {
  #first;
  #longest;
  #random;
  #failures = 0;

  constructor({ first = 1_000, longest = 30_000, random = Math.random } = {}) {
    this.#first = first;
    this.#longest = longest;
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure; at least `least` (a server's `Retry-After`). */
  next(least = 0) {
    const ceiling = Math.min(this.#longest, this.#first * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    const spread = ceiling / 2 + (ceiling / 2) * this.#random();
    // A told time is spread upwards only: nobody may come earlier than asked to.
    return Math.round(Math.max(spread, least * (1 + this.#random() / 4)));
  }

  reset() {
    this.#failures = 0;
  }
}

/** Resolves after `ms`, or at once when the signal aborts: the caller looks at the signal. */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
