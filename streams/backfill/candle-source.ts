import type { BackfillInterval } from '../../db/market/backfills.ts';
import type { Candle } from '../../db/market/candles.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { Clock } from '../../lib/clock.ts';
import { fixed, mul } from '../../lib/money/money.ts';
import { isPositiveDecimal } from '../market/market-tick.ts';
import { type Exchange, type LoadCcxt, loadExchange } from '../market/feeds/ccxt-exchange.ts';
import { redirect } from '../../lib/exchanges/ccxt.ts';
import { plain } from '../../lib/text/plain-number.ts';

/** An exchange to fetch candles from. */
export interface SourceSpec {
  exchange: string;
  /** Base URL that replaces the exchange's own. */
  rest: string | null;
}

/** The exchange cannot answer now; retry later. */
export class SourceBusyError extends Error {
  /** As requested by the exchange, in milliseconds; `null` if it does not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null) {
    super(message);
    this.name = 'SourceBusyError';
    this.retryAfterMs = retryAfterMs;
  }
}

interface HistoryExchange extends Exchange {
  last_response_headers?: Record<string, string>;
  fetchOHLCV(
    symbol: string,
    timeframe: string,
    since: number,
    limit: number,
  ): Promise<(string | number | undefined)[][]>;
}

const ANSWER_MS = 30_000;
export const INTERVAL_LENGTH: Record<BackfillInterval, number> = { '1m': 60_000, '1d': 86_400_000 };
/** Candles per request; every exchange allows that many. */
export const PAGE = 200;

/** Past candles of one exchange, through ccxt, which respects the exchange's rate limit. */
export class CandleSource {
  readonly spec: SourceSpec;
  readonly #clock: Clock;
  readonly #exchange: HistoryExchange;

  private constructor(spec: SourceSpec, exchange: HistoryExchange, clock: Clock) {
    this.spec = spec;
    this.#exchange = exchange;
    this.#clock = clock;
  }

  /**
   * @throws SourceBusyError
   * @throws RangeError if ccxt is missing, or has no past candles of this exchange
   */
  static async open(
    spec: SourceSpec,
    { clock, load }: { clock: Clock; load?: LoadCcxt },
  ): Promise<CandleSource> {
    const Class = await loadExchange(spec.exchange, load);
    // Text, because doubles would lose digits.
    const exchange = new Class({ number: String, enableRateLimit: true }) as HistoryExchange;
    if (exchange.has['fetchOHLCV'] !== true)
      throw new RangeError(`${spec.exchange} has no past candles in ccxt`);
    exchange.urls.api = redirect(exchange.urls.api, { ws: null, rest: spec.rest });
    const source = new CandleSource(spec, exchange, clock);
    await source.#asked(exchange.loadMarkets(), 'the list of markets');
    return source;
  }

  get name(): string {
    return this.spec.exchange;
  }

  lists(symbol: string): boolean {
    return this.#exchange.markets?.[symbol] !== undefined;
  }

  /**
   * Candles that start in [since, since + `PAGE` intervals), oldest first. Intervals without trades have
   * none.
   * @throws SourceBusyError
   * @throws RangeError if the answer is implausible
   */
  async candles(
    { symbol, sourceSymbol, interval }: { symbol: string; sourceSymbol: string; interval: BackfillInterval },
    since: number,
  ): Promise<Candle[]> {
    const rows = await this.#asked(
      this.#exchange.fetchOHLCV(sourceSymbol, interval, since, PAGE),
      `candles of ${sourceSymbol}`,
    );
    const end = since + PAGE * INTERVAL_LENGTH[interval];
    return rows
      .map((row) => candleOf(symbol, interval, row))
      .filter(({ time }) => time >= since && time < end)
      .sort((a, b) => a.time - b.time);
  }

  async close(): Promise<void> {
    await withDeadline(this.#exchange.close(), { clock: this.#clock, ms: 1_000, what: 'the exchange' }).catch(
      () => undefined,
    );
  }

  async #asked<T>(task: Promise<T>, what: string): Promise<T> {
    try {
      return await withDeadline(task, { clock: this.#clock, ms: ANSWER_MS, what });
    } catch (error) {
      const { exchange } = this.spec;
      const name = error instanceof Error ? error.constructor.name : '';
      if (name === 'BadSymbol') throw new RangeError(`${exchange} does not have ${what}`, { cause: error });
      const seconds = Number(this.#exchange.last_response_headers?.['retry-after'] ?? Number.NaN);
      throw new SourceBusyError(
        `${exchange} did not give ${what} (${name})`,
        seconds > 0 && seconds <= 86_400 ? seconds * 1_000 : null,
      );
    }
  }
}

/** @throws RangeError for an implausible candle */
function candleOf(symbol: string, interval: BackfillInterval, row: (string | number | undefined)[]): Candle {
  const [time, ...figures] = row;
  const start = Number(time);
  const length = INTERVAL_LENGTH[interval];
  if (!Number.isSafeInteger(start) || start % length !== 0)
    throw new RangeError(
      `${symbol} has candles that do not begin with a ${interval === '1d' ? 'UTC day' : 'minute'}`,
    );
  const [open, high, low, close, volume] = figures.map((figure) => plain(String(figure ?? '')));
  const prices = [open, high, low, close].map((text = '') => {
    if (!isPositiveDecimal(text)) throw new RangeError(`${symbol} has a candle without a price`);
    return fixed(text);
  });
  const [o = 0n, h = 0n, l = 0n, c = 0n] = prices;
  const v = volume !== undefined && isPositiveDecimal(volume) ? fixed(volume) : 0n;
  return {
    symbol,
    time: start,
    closeTime: start + length - 1,
    open: o,
    high: h,
    low: l,
    close: c,
    volume: v,
    quoteVolume: mul(c, v),
    trades: 0,
    simulated: false,
  };
}
