import type { Broker, LogListener, Position, Subscription } from '../../streams/core/broker.ts';

interface Watch {
  listeners: Set<LogListener>;
  position: Position;
  opening: Promise<Subscription>;
}

/** The ring answers at once, but live delivery lags, as pub/sub may: what a test holds back arrives when it says so. */
export class LaggingBroker implements Broker {
  readonly inner: Broker;
  readonly #held: (() => void)[] = [];
  readonly #watches = new Map<string, Watch>();
  isHolding = false;
  /** Called after each page of history was read, before the reader gets it. */
  afterPage: (() => Promise<void>) | null = null;

  constructor(inner: Broker) {
    this.inner = inner;
  }

  publish: Broker['publish'] = (...args) => this.inner.publish(...args);
  head: Broker['head'] = (log) => this.inner.head(log);
  state: Broker['state'] = (log) => this.inner.state(log);
  audience: Broker['audience'] = (log) => this.inner.audience(log);
  close = (): Promise<void> => this.inner.close();

  history: Broker['history'] = async (...args) => {
    const page = await this.inner.history(...args);
    await this.afterPage?.();
    return page;
  };

  /** As a process on Redis has it: one position in each log for all listeners, which is behind while events are held. */
  async subscribe(log: string, listener: LogListener): Promise<Subscription> {
    const watch = this.#watches.get(log) ?? this.#watch(log);
    this.#watches.set(log, watch);
    await watch.opening;
    watch.listeners.add(listener);
    return {
      position: { ...watch.position },
      close: async () => {
        watch.listeners.delete(listener);
        if (watch.listeners.size > 0 || this.#watches.get(log) !== watch) return;
        this.#watches.delete(log);
        await (await watch.opening).close();
      },
    };
  }

  #watch(log: string): Watch {
    const listeners = new Set<LogListener>();
    const tell = (what: (listener: LogListener) => void): void => [...listeners].forEach(what);
    const opening = this.inner.subscribe(log, {
      events: (epoch, events) =>
        this.#later(() => {
          watch.position = { epoch, offset: events.at(-1)?.offset ?? watch.position.offset };
          tell((listener) => listener.events(epoch, events));
        }),
      reset: (position, reason) =>
        this.#later(() => {
          watch.position = position;
          tell((listener) => listener.reset(position, reason));
        }),
      condition: (state) => this.#later(() => tell((listener) => listener.condition(state))),
    });
    const watch: Watch = {
      listeners,
      position: { epoch: '', offset: 0 },
      opening: opening.then((subscription) => {
        watch.position = subscription.position;
        return subscription;
      }),
    };
    return watch;
  }

  /** Delivers what was held back, all of it or the oldest `count`. */
  release(count = Infinity): void {
    for (const task of this.#held.splice(0, count)) task();
    if (this.#held.length === 0) this.isHolding = false;
  }

  #later(task: () => void): void {
    if (this.isHolding || this.#held.length > 0) this.#held.push(task);
    else task();
  }
}
