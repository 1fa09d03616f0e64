import { backoff, type Backoff } from '../../lib/async/backoff.ts';
import type { Clock, Random } from '../../lib/clock.ts';
import type { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import type { LoadCcxt } from '../market/feeds/ccxt-exchange.ts';
import { CandleSource, SourceBusyError, type SourceSpec } from './candle-source.ts';

/** An exchange that must not be asked before some time. */
interface Pause {
  until: number;
  retry: Backoff;
  reason: string;
  /** Cancels the timer that ends it. */
  cancel: () => void;
}

export interface OpenSourcesOptions {
  /** In order of preference. */
  sources: readonly SourceSpec[];
  clock: Clock;
  random: Random;
  warnings: RepeatedLog;
  /** Loads ccxt; replaced in tests. */
  load?: LoadCcxt | undefined;
  /** Called when an exchange can be asked again. */
  onReady: () => void;
}

/** The exchanges that past candles come from: opened when first needed, and left alone for a while after a failure. */
export class OpenSources {
  readonly #options: OpenSourcesOptions;
  readonly #opened = new Map<string, CandleSource>();
  readonly #pauses = new Map<string, Pause>();

  constructor(options: OpenSourcesOptions) {
    this.#options = options;
  }

  /** Exchanges that cannot be asked now, and why. */
  get troubles(): { exchange: string; reason: string }[] {
    const now = this.#options.clock.now();
    return [...this.#pauses]
      .filter(([, { until }]) => until > now)
      .map(([exchange, { reason }]) => ({ exchange, reason }));
  }

  /** All that can be asked now. */
  async available(): Promise<CandleSource[]> {
    const available: CandleSource[] = [];
    for (const spec of this.#options.sources) {
      const source = await this.open(spec);
      if (source !== null) available.push(source);
    }
    return available;
  }

  /** @returns `null` while the exchange cannot be asked */
  async open(spec: SourceSpec): Promise<CandleSource | null> {
    const { exchange } = spec;
    const known = this.#opened.get(exchange);
    if (known !== undefined) return known;
    if (this.troubles.some((each) => each.exchange === exchange)) return null;
    const { clock, load } = this.#options;
    try {
      const source = await CandleSource.open(spec, load === undefined ? { clock } : { clock, load });
      this.#opened.set(exchange, source);
      return source;
    } catch (error) {
      this.pause(exchange, error);
      return null;
    }
  }

  /** Leaves an exchange alone for a while, longer after each failure in a row. */
  pause(exchange: string, error: unknown): void {
    const { clock, random, warnings, onReady } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    const pause = this.#pauses.get(exchange) ?? {
      retry: backoff(clock, random, { baseMs: 2_000, capMs: 300_000 }),
      until: 0,
      reason,
      cancel: () => undefined,
    };
    const asked = error instanceof SourceBusyError ? (error.retryAfterMs ?? 0) : 0;
    // With added jitter, so that the clients of a fleet do not all return at once.
    pause.until = clock.now() + asked + Math.max(500, pause.retry.next());
    pause.reason = reason;
    this.#pauses.set(exchange, pause);
    warnings.warn({ exchange, reason }, 'past candles wait for an exchange', exchange);
    pause.cancel();
    pause.cancel = clock.after(pause.until - clock.now(), onReady);
  }

  /** An exchange has answered: its next pause is short again. */
  answered(exchange: string): void {
    this.#pauses.get(exchange)?.retry.reset();
  }

  async close(): Promise<void> {
    for (const { cancel } of this.#pauses.values()) cancel();
    for (const source of this.#opened.values()) await source.close();
  }
}
