import type { Clock } from '../clock.ts';

export interface SlotLimits {
  /** Of all clients together. */
  all: number;
  /** Per client, unless `take` or `wait` says otherwise. */
  client: number;
}

/** A place for work, held until it is released. */
export interface Slot {
  /** Idempotent. */
  release: () => void;
}

/** No slot is free: the client, or all clients together, have reached the limit. */
export class NoSlotError extends Error {
  /** In the plural. */
  readonly what: string;
  readonly limit: 'client' | 'all';
  readonly taken: number;
  /** The status that Koa and Express answer with if nobody catches the error. */
  readonly status: 429 | 503;

  constructor(what: string, limit: 'client' | 'all', taken: number) {
    super(`${taken} ${what} are taken ${limit === 'client' ? 'by this client' : 'here'}`);
    this.name = 'NoSlotError';
    this.what = what;
    this.limit = limit;
    this.taken = taken;
    this.status = limit === 'client' ? 429 : 503;
  }
}

interface Waiter {
  grant: () => void;
}

interface Client {
  taken: number;
  limit: number;
  waiting: Waiter[];
}

/**
 * Slots for expensive work, limited per client and in total. Waiting clients are served in turn, so that a client
 * waiting for many slots does not delay the others.
 */
export class Slots {
  readonly #what: string;
  readonly #limits: SlotLimits;
  readonly #clock: Clock;
  readonly #clients = new Map<string, Client>();
  /** Clients that wait and are below their own limit, in turn. */
  readonly #ready = new Set<string>();
  #taken = 0;

  /** @param what in the plural, for the error message: `imports` */
  constructor(what: string, limits: SlotLimits, clock: Clock) {
    this.#what = what;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** How many are taken. */
  get size(): number {
    return this.#taken;
  }

  /**
   * Takes a slot at once.
   * @throws NoSlotError
   */
  take(name: string, limit = this.#limits.client): Slot {
    const refusal = this.#refusal(name, limit);
    if (refusal !== null) throw refusal;
    return this.#grant(name, limit);
  }

  /**
   * Takes a slot as soon as there is one.
   * @throws NoSlotError after `ms` without one
   */
  async wait(name: string, ms: number, limit = this.#limits.client): Promise<Slot> {
    if (this.#refusal(name, limit) === null) return this.#grant(name, limit);
    const client = this.#client(name, limit);
    return await new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => {
        client.waiting = client.waiting.filter((each) => each !== waiter);
        if (client.waiting.length === 0) this.#ready.delete(name);
        reject(this.#refusal(name, limit) ?? new NoSlotError(this.#what, 'all', this.#taken));
        this.#forget(name);
      });
      const waiter: Waiter = {
        grant: () => {
          cancel();
          resolve(this.#grant(name, limit));
        },
      };
      client.waiting.push(waiter);
      if (client.taken < limit) this.#ready.add(name);
    });
  }

  #refusal(name: string, limit: number): NoSlotError | null {
    const taken = this.#clients.get(name)?.taken ?? 0;
    if (taken >= limit) return new NoSlotError(this.#what, 'client', taken);
    return this.#taken >= this.#limits.all ? new NoSlotError(this.#what, 'all', this.#taken) : null;
  }

  #client(name: string, limit: number): Client {
    const client = this.#clients.get(name) ?? { taken: 0, limit, waiting: [] };
    client.limit = limit;
    this.#clients.set(name, client);
    return client;
  }

  #grant(name: string, limit: number): Slot {
    const client = this.#client(name, limit);
    client.taken += 1;
    this.#taken += 1;
    let isTaken = true;
    return {
      release: () => {
        if (!isTaken) return;
        isTaken = false;
        client.taken -= 1;
        this.#taken -= 1;
        if (client.waiting.length > 0) this.#ready.add(name);
        this.#serve();
        this.#forget(name);
      },
    };
  }

  /** Gives free slots to those who wait. */
  #serve(): void {
    for (const name of this.#ready) {
      if (this.#taken >= this.#limits.all) return;
      this.#ready.delete(name);
      const client = this.#clients.get(name);
      if (client === undefined || client.taken >= client.limit) continue;
      client.waiting.shift()?.grant();
      // Behind all others that are ready.
      if (client.waiting.length > 0 && client.taken < client.limit) this.#ready.add(name);
    }
  }

  #forget(name: string): void {
    const client = this.#clients.get(name);
    if (client?.taken === 0 && client.waiting.length === 0) this.#clients.delete(name);
  }
}
