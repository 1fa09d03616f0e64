import type { Caller } from '../../lib/tokens/caller.ts';
import type { Clock } from '../../lib/clock.ts';

/** About 1 MB of tokens. */
const MAX_TOKENS = 2_000;

/**
 * The callers of tokens whose signatures have been verified, so that each is verified once. Nothing else is remembered:
 * whether the session is alive is looked up for each request.
 */
export class VerifiedTokens {
  readonly #clock: Clock;
  readonly #callers = new Map<string, Caller>();

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

  /** Remembers a token; the oldest one is dropped if there are too many. */
  add(token: string, caller: Caller): void {
    if (this.#callers.size >= MAX_TOKENS) {
      const [oldest] = this.#callers.keys();
      if (oldest !== undefined) this.#callers.delete(oldest);
    }
    this.#callers.set(token, caller);
  }
}
