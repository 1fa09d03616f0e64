import type { Message } from './messages.ts';

/** A unique name. `crypto.randomUUID` is missing on plain http from another machine. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
}

interface TabsListener {
  /** The other tabs can be reached. */
  joined(): void;
  message(message: Message): void;
  lead(): void;
  deposed(): void;
}

/**
 * The tabs of one user in one browser: their messages, and which of them leads. The leader holds a Web Lock, so there
 * is always exactly one and, when it is closed or crashes, the next in the queue takes its place. Every tab also holds
 * a second lock of its own: a tab that acquires it knows that the other is gone.
 *
 * Browsers give locks only to secure pages (https, or this machine): without them every tab leads only itself.
 */
export class Tabs {
  readonly id = newId();
  readonly #name: string;
  readonly #on: TabsListener;
  readonly #channel: BroadcastChannel | null;
  readonly #life = new AbortController();
  #waiting: AbortController | null = null;
  #resign: (() => void) | null = null;
  #joined = false;

  constructor(name: string, on: TabsListener) {
    this.#name = name;
    this.#on = on;
    if (!hasLocks()) {
      this.#channel = null;
      queueMicrotask(() => {
        if (this.#life.signal.aborted) return;
        on.joined();
        on.lead();
      });
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if (!this.#life.signal.aborted) on.message(data);
    });
    void this.#join();
  }

  post(message: Message): void {
    // Before that, the leader would think that this tab is gone.
    if (this.#joined && !this.#life.signal.aborted) this.#channel?.postMessage(message);
  }

  /** Calls `then` when a tab is gone, unless `signal` aborts before. */
  whenGone(tab: string, signal: AbortSignal, then: () => void): void {
    if (hasLocks()) navigator.locks.request(this.#lockOf(tab), { signal }, () => then()).catch(ignoreAbort);
  }

  /** Takes over at once, because the leading tab is asleep. */
  takeOver(): void {
    if (this.#resign === null && hasLocks()) this.#stand({ steal: true });
  }

  close(): void {
    this.#life.abort();
    this.#resign?.();
    this.#channel?.close();
  }

  #lockOf(tab: string): string {
    return `${this.#name}.${tab}`;
  }

  async #join(): Promise<void> {
    const { signal } = this.#life;
    const closed = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const holding = navigator.locks.request(this.#lockOf(this.id), { signal }, () => {
      this.#joined = true;
      this.#on.joined();
      this.#stand({ steal: false });
      return closed;
    });
    await holding.catch(ignoreAbort);
  }

  #stand({ steal }: { steal: boolean }): void {
    this.#waiting?.abort();
    if (this.#life.signal.aborted) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#life.signal.addEventListener('abort', () => waiting.abort(), { once: true });
    // A request that can be aborted cannot steal a lock.
    const options = steal ? { steal } : { signal: waiting.signal };
    navigator.locks
      .request(this.#name, options, () => {
        if (this.#life.signal.aborted) return undefined;
        this.#on.lead();
        return new Promise<void>((resolve) => {
          this.#resign = resolve;
        });
      })
      .catch((error: unknown) => {
        ignoreAbort(error);
        // Aborted, or stolen by another tab, in which case this one queues again.
        if (this.#waiting !== waiting || this.#life.signal.aborted) return;
        this.#resign = null;
        this.#on.deposed();
        this.#stand({ steal: false });
      });
  }
}

/** Locks are missing on plain http from another machine, whatever the types say. */
function hasLocks(): boolean {
  return 'locks' in navigator;
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
}
