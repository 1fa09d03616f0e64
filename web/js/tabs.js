/** A name that no other tab has. `crypto.randomUUID` is missing on plain http from another machine. */
function newId() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
}

/**
 * The tabs of one user in one browser: what they tell each other, and which of them leads. The leader holds a Web Lock,
 * so that there is always one and, when it is closed or crashes, the next in the queue takes its place. Every tab holds
 * a lock of its own too: whoever gets that knows that the tab is gone.
 *
 * Browsers give locks to secure pages only (https, or this machine): without them every tab leads itself alone.
 * `on`: `joined()` (the others may be spoken to), `message(message)`, `lead()`, `deposed()`.
 */
export class Tabs {
  id = newId();
  #name;
  #on;
  #channel = null;
  #life = new AbortController();
  #waiting = null;
  #resign = null;
  #joined = false;

  constructor(name, on) {
    this.#name = name;
    this.#on = on;
    if (navigator.locks === undefined) {
      queueMicrotask(() => {
        if (this.#life.signal.aborted) return;
        on.joined();
        on.lead();
      });
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener('message', ({ data }) => {
      if (!this.#life.signal.aborted) on.message(data);
    });
    void this.#join();
  }

  post(message) {
    // Before that the leader would take this tab for one that is gone.
    if (this.#joined && !this.#life.signal.aborted) this.#channel?.postMessage(message);
  }

  /** Calls `then` when a tab is gone, unless `signal` aborts before. */
  whenGone(tab, signal, then) {
    navigator.locks?.request(this.#lockOf(tab), { signal }, () => then()).catch(ignoreAbort);
  }

  /** Leads at once, whoever does now: for when that tab sleeps. */
  takeOver() {
    if (this.#resign === null && navigator.locks !== undefined) this.#stand({ steal: true });
  }

  close() {
    this.#life.abort();
    this.#resign?.();
    this.#channel?.close();
  }

  #lockOf(tab) {
    return `${this.#name}.${tab}`;
  }

  async #join() {
    const { signal } = this.#life;
    const closed = new Promise((resolve) => signal.addEventListener('abort', resolve));
    const holding = navigator.locks.request(this.#lockOf(this.id), { signal }, () => {
      this.#joined = true;
      this.#on.joined();
      this.#stand({ steal: false });
      return closed;
    });
    await holding.catch(ignoreAbort);
  }

  #stand({ steal }) {
    this.#waiting?.abort();
    if (this.#life.signal.aborted) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#life.signal.addEventListener('abort', () => waiting.abort(), { once: true });
    // A lock cannot be stolen by a request that could be called off.
    const options = steal ? { steal } : { signal: waiting.signal };
    navigator.locks
      .request(this.#name, options, () => {
        if (this.#life.signal.aborted) return undefined;
        this.#on.lead();
        return new Promise((resolve) => {
          this.#resign = resolve;
        });
      })
      .catch((error) => {
        ignoreAbort(error);
        // Called off, or stolen by another tab: then this one queues up again.
        if (this.#waiting !== waiting || this.#life.signal.aborted) return;
        this.#resign = null;
        this.#on.deposed();
        this.#stand({ steal: false });
      });
  }
}

function ignoreAbort(error) {
  if (error?.name !== 'AbortError') throw error;
}
