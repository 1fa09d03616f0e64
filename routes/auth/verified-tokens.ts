import type { Caller } from '../../lib/tokens/caller.ts';
import type { Clock } from '../../lib/clock.ts';
import { RecentMap } from '../../lib/recent-map.ts';

/** About 1 MB of tokens. */
const MAX_TOKENS = 2_000;

/**
 * The callers of tokens whose signatures have been verified, so that each is verified once. Nothing else is remembered:
 * whether the session is alive is looked up for each request.
 */
export class VerifiedTokens {
  readonly #clock: Clock;
  readonly #callers = new RecentMap<string, Caller>(MAX_TOKENS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `null` for a token that has not been verified, or has expired. */
  callerOf(token: string): Caller | null {
    const caller = this.#callers.get(token);
    if (caller === undefined) return null;
    if (caller.expiresAt > this.#clock.now()) return caller;
    this.#callers.delete(token);
    return null;
  }

  add(token: string, caller: Caller): void {
    this.#callers.set(token, caller);
  }
}
