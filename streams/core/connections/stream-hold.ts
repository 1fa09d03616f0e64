import type { Supervisor } from '../../../lib/async/supervisor.ts';
import type { Channel } from '../channel.ts';
import type { HubSettings } from './hub-options.ts';
import type { LogView } from '../log-view.ts';
import { type SharedView, type SharedViews, watch } from '../shared-views.ts';

/** None of the channels of a stream can be brought up to date. */
export class NothingToShowError extends Error {
  constructor() {
    super('none of the channels can be kept up to date');
    this.name = 'NothingToShowError';
  }
}

interface ChannelWatch {
  channel: string;
  watch: Supervisor;
}

/** What a stream holds open: the views of its logs, and the watches of channels that need more than their log does. */
export class StreamHold {
  readonly #options: HubSettings;
  readonly #shared: SharedViews;
  #views: SharedView[] = [];
  #watches: ChannelWatch[] = [];
  /** Called when the watch of a channel begins to fail, or works again. */
  onChange: (channel: string, isFailing: boolean) => void = () => undefined;

  constructor(options: HubSettings, shared: SharedViews) {
    this.#options = options;
    this.#shared = shared;
  }

  /**
   * Opens everything that the channels need concurrently, since each may take seconds.
   * @returns the view of each log, as soon as it can be shown. Rejects if the log cannot be read. The last one rejects
   *   with NothingToShowError if none of the channels can be kept up to date
   */
  open(channels: readonly Channel[]): Map<string, Promise<LogView>> {
    const opening = new Map<string, Promise<LogView>>();
    const logs = new Set(channels.map(({ log }) => log));
    let left = logs.size;
    let failing = 0;
    for (const log of logs) {
      const own = channels.filter((channel) => channel.log === log);
      const shared = this.#shared.acquire(log);
      const watches = own.flatMap((channel) => this.#watch(channel) ?? []);
      // Not pushed: a grown array keeps room for 16 more elements, in every connection.
      this.#views = this.#views.concat(shared);
      this.#watches = this.#watches.concat(watches);
      const ready = async (): Promise<LogView> => {
        const view = await shared.opening;
        await Promise.all(watches.map(({ watch }) => watch.tried));
        left -= 1;
        failing += view.isStale ? own.length : watches.filter(({ watch }) => watch.isFailing).length;
        if (left === 0 && failing === channels.length) throw new NothingToShowError();
        return view;
      };
      const promise = ready();
      // Nobody awaits it if the stream ends meanwhile.
      promise.catch(() => undefined);
      opening.set(log, promise);
    }
    return opening;
  }

  /** Whether the watch of a channel fails. */
  isFailing(name: string): boolean {
    return this.#watches.some(({ channel, watch }) => channel === name && watch.isFailing);
  }

  /** Closes everything, including what is still being opened. May be called more than once. */
  release(): void {
    for (const shared of this.#views.splice(0)) this.#shared.release(shared);
    for (const { watch } of this.#watches.splice(0)) this.#shared.settle(watch.close());
  }

  #watch(channel: Channel): ChannelWatch | null {
    const start = this.#options.watchChannel?.(channel) ?? null;
    if (start === null) return null;
    const { name } = channel;
    const onChange = (isFailing: boolean): void => this.onChange(name, isFailing);
    return { channel: name, watch: watch('channel', name, start, onChange, this.#options) };
  }
}
