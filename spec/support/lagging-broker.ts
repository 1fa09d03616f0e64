import type { Broker, LogListener, Subscription } from '../../streams/core/broker.ts';

/** The ring answers at once, but live delivery lags, as pub/sub may: what a test holds back arrives when it says so. */
export class LaggingBroker implements Broker {
  readonly inner: Broker;
  readonly #held: (() => void)[] = [];
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

  subscribe(log: string, listener: LogListener): Promise<Subscription> {
    return this.inner.subscribe(log, {
      events: (...args) => this.#later(() => listener.events(...args)),
      reset: (...args) => this.#later(() => listener.reset(...args)),
      condition: (...args) => this.#later(() => listener.condition(...args)),
    });
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
