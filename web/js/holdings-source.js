import { Backoff } from './backoff.js';
import { SignedOutError } from './session.js';

/**
 * Where the holdings come from: for now `GET …/holdings`, asked again at most every `everyMs` while something says
 * that they have changed. A `holdings:` channel can take its place: whatever shows them only gets `show` and `fail`.
 */
export class HoldingsSource {
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

  /** `load(signal)` fetches, `show(body)` takes the answer, `fail(error)` is told why it is not current. */
  constructor({ load, show, fail, everyMs = 2_000 }) {
    this.#load = load;
    this.#show = show;
    this.#fail = fail;
    this.#everyMs = everyMs;
  }

  /** The holdings may have changed. */
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
      this.#wanted = true;
      this.#fail(error);
    } finally {
      this.#busy = false;
    }
    if (this.#wanted) this.poke();
  }
}
