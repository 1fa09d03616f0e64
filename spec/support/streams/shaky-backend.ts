import { BrokerUnavailableError, type Broker, type Subscription } from '../../../streams/core/broker.ts';
import type { Lease, Leases } from '../../../streams/core/lease.ts';
import type { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import type { MemoryLeases } from '../../../streams/memory/memory-leases.ts';

/** `hang`: there is no answer until `thaw`, by when nobody may wait for it any more. */
export type Mood = 'well' | 'fail' | 'hang';
export type Operation = 'subscribe' | 'lease' | 'value' | 'publish' | 'unsubscribe' | 'release';

/** A broker, leases and a database of one's own making that fail or hang as they are told. */
export class ShakyBackend {
  readonly moods = new Map<Operation, Mood>();
  /** Subscriptions and leases that were given out and not given back. */
  subscriptions = 0;
  held = 0;
  readonly calls = new Map<Operation, number>();
  readonly broker: Broker;
  readonly leases: Leases;
  #hung: (() => void)[] = [];

  constructor(broker: MemoryBroker, leases: MemoryLeases) {
    this.broker = {
      publish: (log, events, options) =>
        this.does('publish', () => broker.publish(log, events, options), 'dropped'),
      subscribe: (log, listener) =>
        this.does('subscribe', async () => this.#counted(await broker.subscribe(log, listener))),
      history: (log, after, limit) => broker.history(log, after, limit),
      head: (log) => broker.head(log),
      state: (log) => broker.state(log),
      audience: (log) => broker.audience(log),
      close: () => broker.close(),
    };
    this.leases = {
      acquire: (name) => this.does('lease', async () => this.#countedLease(await leases.acquire(name))),
      close: () => leases.close(),
    };
  }

  /** Everything is well, and what hung is answered. */
  thaw(): void {
    this.moods.clear();
    for (const go of this.#hung.splice(0)) go();
  }

  /** @param late what hangs is carried out when it thaws, or never */
  does<T>(
    operation: Operation,
    task: () => Promise<T>,
    late: 'carried out' | 'dropped' = 'carried out',
  ): Promise<T> {
    this.calls.set(operation, (this.calls.get(operation) ?? 0) + 1);
    const mood = this.moods.get(operation) ?? 'well';
    if (mood === 'fail') return Promise.reject(new BrokerUnavailableError());
    if (mood === 'well') return task();
    return new Promise((resolve, reject) => {
      this.#hung.push(() => {
        if (late === 'dropped') reject(new BrokerUnavailableError());
        else task().then(resolve, reject);
      });
    });
  }

  #counted(subscription: Subscription): Subscription {
    this.subscriptions += 1;
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (isOpen) this.subscriptions -= 1;
      isOpen = false;
      await subscription.close();
    };
    return { position: subscription.position, close: () => this.does('unsubscribe', close) };
  }

  #countedLease(lease: Lease | null): Lease | null {
    if (lease === null) return null;
    this.held += 1;
    lease.signal.addEventListener('abort', () => (this.held -= 1), { once: true });
    return {
      fence: lease.fence,
      signal: lease.signal,
      release: async () => {
        // Without an answer it ends all the same: it is not renewed any more.
        if (this.moods.get('release') === 'fail') await lease.release();
        await this.does('release', () => lease.release());
      },
    };
  }
}
