import type { Clock } from '../clock.ts';
import { RecentMap } from '../recent-map.ts';
import type { Logger } from './log.ts';

/** Maximum number of messages remembered. They are constants of the program, so there are few. */
const MAX_MESSAGES = 100;
const EVERY_MS = 60_000;

/** The kind of an error, as a cause: its message may name one of thousands of things. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/**
 * Logs events that may occur many times a second: the first one at once, then at most once a minute, with the number of
 * occurrences since the last line.
 */
export class RepeatedLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #seen = new RecentMap<string, { loggedAt: number; unlogged: number }>(MAX_MESSAGES);

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** @param cause distinguishes events with the same message; it must have few different values */
  warn(fields: object, message: string, cause = ''): void {
    this.#log('warn', fields, message, cause);
  }

  error(fields: object, message: string, cause = ''): void {
    this.#log('error', fields, message, cause);
  }

  #log(level: 'warn' | 'error', fields: object, message: string, cause: string): void {
    const key = `${level} ${message} ${cause}`;
    const now = this.#clock.monotonic();
    const seen = this.#seen.get(key);
    if (seen !== undefined && now - seen.loggedAt < EVERY_MS) {
      seen.unlogged += 1;
      return;
    }
    this.#seen.set(key, { loggedAt: now, unlogged: 0 });
    this.#logger[level](seen === undefined ? fields : { ...fields, repeated: seen.unlogged }, message);
  }
}
