import type { Random } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import { type Start, Supervisor } from '../../lib/async/supervisor.ts';
import { causeOf, type RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { LogView, type LogViewOptions } from './log-view.ts';

/** A log view with the subscribers that use it. */
export interface SharedView {
  log: string;
  opening: Promise<LogView>;
  watch: Supervisor | null;
  users: number;
}

export interface SharedViewsOptions extends LogViewOptions {
  /** One outage concerns all views. */
  repeated: RepeatedLog;
  random: Random;
  /**
   * What keeps a log up to date while it has subscribers; it is started before the first of them is served. `null`: the
   * log needs nothing.
   */
  watchLog?: ((log: string) => Start | null) | undefined;
}

/** How long a log may take to open and its watch to start. A watch should give up earlier. */
const OPEN_MS = 15_000;
/** How long a log may take to close. */
const CLOSE_MS = 5_000;

/**
 * Keeps a log or a channel up to date.
 * @param onChange called when that begins to fail, or works again
 */
export function watch(
  kind: 'log' | 'channel',
  name: string,
  start: Start,
  onChange: (isFailing: boolean) => void,
  { clock, random, repeated }: Pick<SharedViewsOptions, 'clock' | 'random' | 'repeated'>,
): Supervisor {
  return new Supervisor({
    start,
    what: `the watch of the ${kind} ${name}`,
    ms: OPEN_MS,
    clock,
    random,
    onFailure: (error) => {
      const what = `a ${kind} cannot be kept up to date, trying again`;
      repeated.warn({ err: error, [kind]: name }, what, causeOf(error));
      onChange(true);
    },
    onRecovery: () => onChange(false),
  });
}

/** The logs that this process reads: one view each, from the first subscriber to the last. */
export class SharedViews {
  readonly #options: SharedViewsOptions;
  readonly #views = new Map<string, SharedView>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: SharedViewsOptions) {
    this.#options = options;
  }

  acquire(log: string): SharedView {
    const known = this.#views.get(log);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const start = this.#options.watchLog?.(log) ?? null;
    const watch = start === null ? null : this.#watch(log, start);
    const created: SharedView = { log, watch, opening: this.#open(log, watch), users: 1 };
    this.#views.set(log, created);
    // The next connection tries again.
    created.opening.catch(() => this.#views.get(log) === created && this.#views.delete(log));
    return created;
  }

  #watch(log: string, start: Start): Supervisor {
    const setStale = (isStale: boolean): void => {
      // A view that is still opening finds out by itself.
      void this.#views.get(log)?.opening.then(
        (view) => view.setStale(isStale),
        () => undefined,
      );
    };
    return watch('log', log, start, setStale, this.#options);
  }

  /**
   * A log that cannot be kept up to date is shown all the same, as stale.
   * @throws BrokerUnavailableError, DeadlineError
   */
  async #open(log: string, watch: Supervisor | null): Promise<LogView> {
    await watch?.tried;
    const { clock } = this.#options;
    const isStale = watch?.isFailing === true;
    const options = isStale ? { ...this.#options, essential: undefined } : this.#options;
    const view = await withDeadline(LogView.open(log, options), {
      clock,
      ms: OPEN_MS,
      what: `opening the log ${log}`,
      late: (late) => late.close(),
    });
    view.setStale(watch?.isFailing === true);
    return view;
  }

  release(shared: SharedView): void {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (this.#views.get(shared.log) === shared) this.#views.delete(shared.log);
    this.settle(
      shared.opening
        .then((view) => view.close())
        .catch(() => undefined)
        .then(() => shared.watch?.close()),
    );
  }

  /** Makes `idle` wait, for a short time, for something that is being closed. */
  settle(closing: Promise<void>): void {
    const { clock, repeated } = this.#options;
    const closed = withDeadline(closing, { clock, ms: CLOSE_MS, what: 'closing a log view' })
      .catch((error: unknown) => repeated.warn({ err: error }, 'closing a log view failed', causeOf(error)))
      .then(() => void this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** Resolves when everything that was released is closed. */
  async idle(): Promise<void> {
    while (this.#closing.size > 0) await Promise.all(this.#closing);
  }
}
