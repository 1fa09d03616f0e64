import { Backoff } from './backoff.js';
import { SignedOutError } from './session.js';

/**
 * Figures that are asked for over REST, when something says that they may have changed, and at most every `everyMs`.
 * `load(signal)` fetches, `show(body)` takes the answer, `fail(error)` is told why what is shown is not current.
 */
export class Source {
  #load;
  #show;
  #fail;
  #everyMs;
  #backoff = new Backoff({ first: 2_000 });
  #life = new AbortController();
  #timer = null;
  #busy = false;
  #wanted = false;
  #notBefore = 0;

  constructor({ load, show, fail, everyMs = 2_000 }) {
    this.#load = load;
    this.#show = show;
    this.#fail = fail;
    this.#everyMs = everyMs;
  }

  /** It may have changed. */
  poke() {
    if (this.#life.signal.aborted) return;
    if (this.#busy) this.#wanted = true;
    else this.#timer ??= setTimeout(() => void this.#run(), Math.max(0, this.#notBefore - Date.now()));
  }

  close() {
    this.#life.abort();
    clearTimeout(this.#timer);
  }

  async #run() {
    this.#timer = null;
    this.#busy = true;
    this.#wanted = false;
    this.#notBefore = Date.now() + this.#everyMs;
    try {
      const body = await this.#load(this.#life.signal);
      if (this.#life.signal.aborted) return;
      this.#backoff.reset();
      this.#show(body);
    } catch (error) {
      if (this.#life.signal.aborted || error instanceof SignedOutError) return;
      this.#notBefore = Date.now() + this.#backoff.next(error.retryAfterMs);
      // A question that the server refuses would be refused again.
      this.#wanted ||= error.isFinal !== true;
      this.#fail(error);
    } finally {
      this.#busy = false;
    }
    if (this.#wanted) this.poke();
  }
}
