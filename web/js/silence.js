const CHECK_MS = 1_000;

/**
 * Watches for silence. A cut that nobody reports (a sleeping laptop, a dead NAT entry) leaves an EventSource open for
 * ever; its heartbeats are comments, which a page cannot see. So after `silentMs` without an event `onSilent` is to find
 * out whether there was anything to hear, and after `tooLongMs` the connection is made anew; that is asked ever more
 * rarely.
 */
export class Silence {
  #silentMs;
  #tooLongMs;
  #onSilent;
  #onTooLong;
  #since = Date.now();
  #restarted = Date.now();
  #told = false;
  #factor = 1;
  #timer;

  constructor({ silentMs = 30_000, tooLongMs = 60_000, onSilent, onTooLong }) {
    this.#silentMs = silentMs;
    this.#tooLongMs = tooLongMs;
    this.#onSilent = onSilent;
    this.#onTooLong = onTooLong;
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** An event came. A good while of events after a restart means that the stream flows: the patience is as at first. */
  heard() {
    const now = Date.now();
    if (now - this.#restarted > this.#silentMs) this.#factor = 1;
    this.#since = now;
    this.#told = false;
  }

  /** The connection is new, or known to be down: count from now. */
  restart() {
    this.#restarted = Date.now();
    this.#since = this.#restarted;
    this.#told = false;
  }

  close() {
    clearInterval(this.#timer);
  }

  #check() {
    // The wall clock goes on while the machine sleeps, which is just what counts here.
    const silent = Date.now() - this.#since;
    if (silent >= this.#silentMs && !this.#told) {
      this.#told = true;
      this.#onSilent();
    }
    if (silent >= this.#tooLongMs * this.#factor) {
      this.#factor = Math.min(this.#factor * 2, 16);
      this.#onTooLong();
    }
  }
}
