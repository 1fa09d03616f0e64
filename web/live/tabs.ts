import type { Message } from './messages.ts';

/** A name that no other tab has. `crypto.randomUUID` is missing on plain http from another machine. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
}

interface TabsListener {
  /** The others may be spoken to. */
  joined(): void;
  message(message: Message): void;
  lead(): void;
  deposed(): void;
}

/**
 * The tabs of one user in one browser: what they tell each other, and which of them leads. The leader holds a Web Lock,
 * so that there is always one and, when it is closed or crashes, the next in the queue takes its place. Every tab holds
 * a second lock too: a tab that acquires it knows that the first is gone.
 *
 * Browsers give locks to secure pages only (https, or this machine): without them every tab leads itself alone.
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
    // Before that the leader would take this tab for one that is gone.
    if (this.#joined && !this.#life.signal.aborted) this.#channel?.postMessage(message);
  }

  /** Calls `then` when a tab is gone, unless `signal` aborts before. */
  whenGone(tab: string, signal: AbortSignal, then: () => void): void {
    if (hasLocks()) navigator.locks.request(this.#lockOf(tab), { signal }, () => then()).catch(ignoreAbort);
  }

  /** Takes over at once, for when the leading tab sleeps. */
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
    // A lock cannot be stolen by a request that could be called off.
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
        // Called off, or stolen by another tab: then this one queues up again.
        if (this.#waiting !== waiting || this.#life.signal.aborted) return;
        this.#resign = null;
        this.#on.deposed();
        this.#stand({ steal: false });
      });
  }
}

/** They are missing on plain http from another machine, whatever the types say. */
function hasLocks(): boolean {
  return 'locks' in navigator;
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
}
