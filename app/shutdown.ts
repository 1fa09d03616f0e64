import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/async/deadline.ts';
import type { Logger } from '../lib/logging/log.ts';

/** How long one part may take to close, how long all of them together, and how long each still gets after that. */
const PART_MS = 3_000;
const TOTAL_MS = 7_000;
const LEAST_MS = 250;

/** Closes parts in reverse order. A part that hangs is abandoned, so that the process ends. */
export class Shutdown {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #parts: { name: string; close: () => unknown }[] = [];

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** @param close may return a promise */
  add(name: string, close: () => unknown): void {
    this.#parts.push({ name, close });
  }

  /** Never rejects: errors are logged. */
  async run(): Promise<void> {
    const end = this.#clock.monotonic() + TOTAL_MS;
    for (const { name, close } of this.#parts.splice(0).reverse()) {
      const ms = Math.max(LEAST_MS, Math.min(PART_MS, end - this.#clock.monotonic()));
      const closing = (async () => await close())();
      await withDeadline(closing, { clock: this.#clock, ms, what: `closing of ${name}` }).catch(
        (error: unknown) => this.#logger.error({ err: error, part: name }, 'closing failed'),
      );
    }
  }
}
