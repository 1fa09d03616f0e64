import { withDeadline } from '../../lib/deadline.ts';
import { LogView, type LogViewOptions } from './log-view.ts';

/** A log view with the subscribers that use it. */
export interface SharedView {
  log: string;
  opening: Promise<LogView>;
  unwatch: () => Promise<void>;
  users: number;
}

export interface SharedViewsOptions extends LogViewOptions {
  /**
   * Starts whatever keeps a log up to date, before its first subscriber is served. Resolves to a function that is called
   * when the last subscriber has gone.
   */
  watchLog?: ((log: string) => Promise<() => Promise<void>>) | undefined;
}

/** How long a log may take to open, and to close; `watchLog` is expected to give up earlier. */
export const OPEN_MS = 15_000;
const CLOSE_MS = 5_000;

/** The logs that this process reads: one view each, from the first subscriber to the last. */
export class SharedViews {
  readonly #options: SharedViewsOptions;
  readonly #views = new Map<string, SharedView>();
  #closing = 0;
  readonly #idle = new Set<() => void>();

  constructor(options: SharedViewsOptions) {
    this.#options = options;
  }

  acquire(log: string): SharedView {
    const known = this.#views.get(log);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const created: SharedView = {
      log,
      opening: Promise.resolve().then(() => this.#openInTime(created)),
      unwatch: () => Promise.resolve(),
      users: 1,
    };
    this.#views.set(log, created);
    // The next connection tries again.
    created.opening.catch(() => this.#views.get(log) === created && this.#views.delete(log));
    return created;
  }

  async #openInTime(shared: SharedView): Promise<LogView> {
    const { clock } = this.#options;
    const late = new AbortController();
    try {
      return await withDeadline(this.#open(shared, late.signal), {
        clock,
        ms: OPEN_MS,
        what: `opening the log ${shared.log}`,
        late: (view) => view.close(),
      });
    } catch (error) {
      late.abort(error);
      throw error;
    }
  }

  /** @param late aborted at the deadline: nothing waits for the view any more */
  async #open(shared: SharedView, late: AbortSignal): Promise<LogView> {
    const { log } = shared;
    const { watchLog } = this.#options;
    if (watchLog !== undefined) {
      const unwatch = await watchLog(log);
      if (late.aborted) {
        await unwatch();
        late.throwIfAborted();
      }
      shared.unwatch = unwatch;
    }
    return LogView.open(log, this.#options);
  }

  release(shared: SharedView): void {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (this.#views.get(shared.log) === shared) this.#views.delete(shared.log);
    this.settle(
      shared.opening
        .then((view) => view.close())
        .catch(() => undefined)
        .then(() => shared.unwatch()),
    );
  }

  /** Makes `idle` wait for something that is being closed. */
  settle(closing: Promise<void>): void {
    const { clock } = this.#options;
    this.#closing += 1;
    void withDeadline(closing, { clock, ms: CLOSE_MS, what: 'closing a log view' })
      .catch((error: unknown) => this.#options.logger.warn({ err: error }, 'closing a log view failed'))
      .then(() => {
        this.#closing -= 1;
        if (!this.#isIdle) return;
        for (const resolve of this.#idle) resolve();
        this.#idle.clear();
      });
  }

  /** Resolves when all are closed. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => void this.#idle.add(resolve));
  }

  get #isIdle(): boolean {
    return this.#closing === 0 && this.#views.size === 0;
  }
}
