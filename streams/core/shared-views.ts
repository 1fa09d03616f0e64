import { LogView, type LogViewOptions } from './log-view.ts';

/** A log view with the subscribers that use it. */
export interface SharedView {
  log: string;
  opening: Promise<LogView>;
  unwatch: () => Promise<void>;
  users: number;
}

export interface SharedViewsOptions extends LogViewOptions {
  /** Called before a portfolio's log is served; what it resolves to when nobody reads it any more. */
  watchPortfolio: (portfolioId: string) => Promise<() => Promise<void>>;
}

/** The logs that somebody on this process reads: one view each, from the first reader to the last. */
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
    const { watchPortfolio } = this.#options;
    const created: SharedView = {
      log,
      opening: Promise.resolve().then(async () => {
        if (log.startsWith('portfolio:')) {
          created.unwatch = await watchPortfolio(log.slice('portfolio:'.length));
        }
        return LogView.open(log, this.#options);
      }),
      unwatch: () => Promise.resolve(),
      users: 1,
    };
    this.#views.set(log, created);
    // A log that could not be opened is tried anew by the next connection.
    created.opening.catch(() => this.#views.get(log) === created && this.#views.delete(log));
    return created;
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

  /** Something that is being closed: `idle` waits for it. */
  settle(closing: Promise<void>): void {
    this.#closing += 1;
    void closing
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
