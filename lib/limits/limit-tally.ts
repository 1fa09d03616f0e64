import type { Clock } from '../clock.ts';

/** A client, and its recent requests under a policy. */
export interface Consumer {
  key: string;
  /** A lower bound: requests counted while the client was tracked. */
  requests: number;
  /** How many of these were refused. */
  limited: number;
}

interface Followed {
  requests: number;
  limited: number;
  /** The count inherited from the client that it replaced. */
  inherited: number;
}

/** Length of a counting span. Reports cover the current span and the one before it. */
const SPAN_MS = 300_000;

/**
 * The heaviest clients of a policy, in bounded memory (the Space-Saving algorithm of Metwally et al.): a new client
 * replaces the lightest tracked one and inherits its count, so that no heavy client is missed.
 */
export class LimitTally {
  allowed = 0;
  limited = 0;
  readonly #clock: Clock;
  readonly #places: number;
  #now = new Map<string, Followed>();
  #before = new Map<string, Followed>();
  #begun: number;

  constructor({ clock, places }: { clock: Clock; places: number }) {
    this.#clock = clock;
    this.#places = places;
    this.#begun = clock.monotonic();
  }

  count(key: string, isLimited: boolean): void {
    if (isLimited) this.limited += 1;
    else this.allowed += 1;
    this.#turn();
    const followed = this.#now.get(key) ?? this.#follow(key);
    followed.requests += 1;
    if (isLimited) followed.limited += 1;
  }

  /** Of the last five to ten minutes, the heaviest first. */
  consumers(limit: number): Consumer[] {
    this.#turn();
    const all = new Map<string, Consumer>();
    for (const [key, { requests, limited, inherited }] of [...this.#before, ...this.#now]) {
      const seen = all.get(key) ?? { key, requests: 0, limited: 0 };
      seen.requests += requests - inherited;
      seen.limited += limited;
      all.set(key, seen);
    }
    return [...all.values()]
      .sort((a, b) => b.requests - a.requests || b.limited - a.limited || (a.key < b.key ? -1 : 1))
      .slice(0, limit);
  }

  #turn(): void {
    const age = this.#clock.monotonic() - this.#begun;
    if (age < SPAN_MS) return;
    this.#before = age < 2 * SPAN_MS ? this.#now : new Map();
    this.#now = new Map();
    this.#begun += age - (age % SPAN_MS);
  }

  #follow(key: string): Followed {
    let inherited = 0;
    if (this.#now.size >= this.#places) {
      let lightest: [string, Followed] | null = null;
      for (const each of this.#now) {
        if (lightest === null || each[1].requests < lightest[1].requests) lightest = each;
      }
      if (lightest !== null) {
        this.#now.delete(lightest[0]);
        inherited = lightest[1].requests;
      }
    }
    const followed = { requests: inherited, limited: 0, inherited };
    this.#now.set(key, followed);
    return followed;
  }
}
