import type { Random } from '../../../lib/clock.ts';
import { DAY_MS } from '../../../lib/candle-interval.ts';
import { type Candle } from '../../../db/market/candles.ts';
import { fixed, type Fixed } from '../../../lib/money/money.ts';
import { gaussian, mulberry32, onStep, SIMULATED_SYMBOLS, type SimulatedSymbol } from './simulated-market.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAYS = 370;
const HOURLY_DAYS = 30;
const RECENT_MS = 10 * MINUTE_MS;
/** At the simulator's own trading frequency. */
const TRADES_PER_MS = 0.0024;

/** A price that the past must pass through. `time`: epoch milliseconds. */
export interface Anchor {
  symbol: string;
  time: number;
  price: Fixed;
}

/**
 * A made-up past of the simulator's market, up to `now`: a year of days, a month of hours, a day of ten minutes each,
 * the last two as one minute that has all of the span in it. It passes the anchors, and ends at the prices where the
 * simulator begins. The same seed and time make the same past.
 */
export function simulatedPast({
  now,
  seed,
  anchors,
}: {
  now: number;
  seed: number;
  anchors: readonly Anchor[];
}): { days: Candle[]; minutes: Candle[] } {
  const days: Candle[] = [];
  const minutes: Candle[] = [];
  const times = instants(now);
  SIMULATED_SYMBOLS.forEach((config, index) => {
    const draw = mulberry32(seed * 1_000 + index);
    const prices = path(config, { times, draw, anchors });
    for (let at = 1; at < times.length; at += 1) {
      const [from = 0, to = 0] = times.slice(at - 1, at + 1);
      const [open = 0n, close = 0n] = prices.slice(at - 1, at + 1);
      const isDay = to - from === DAY_MS;
      const candle = candleOf(config, { span: to - from, open, close, draw });
      if (isDay) days.push({ ...candle, time: from, closeTime: to - 1 });
      else minutes.push({ ...candle, time: to - MINUTE_MS, closeTime: to - 1 });
    }
  });
  return { days, minutes };
}

/** The boundaries between candles: the nearer to now, the denser. */
function instants(now: number): number[] {
  const last = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const recent = Math.floor((last - DAY_MS) / HOUR_MS) * HOUR_MS;
  const hourly = Math.floor((last - HOURLY_DAYS * DAY_MS) / DAY_MS) * DAY_MS;
  const times: number[] = [];
  for (let time = hourly - (DAYS - HOURLY_DAYS) * DAY_MS; time < hourly; time += DAY_MS) times.push(time);
  for (let time = hourly; time < recent; time += HOUR_MS) times.push(time);
  for (let time = recent; time < last; time += RECENT_MS) times.push(time);
  return [...times, last];
}

/** A random walk that drifts towards the next anchor so that it arrives there (a Brownian bridge of logarithms). */
function path(
  { symbol, price, dailyVolatility }: SimulatedSymbol,
  { times, draw, anchors }: { times: readonly number[]; draw: Random; anchors: readonly Anchor[] },
): Fixed[] {
  const end = times.at(-1) ?? 0;
  const own = anchors
    .filter((anchor) => anchor.symbol === symbol && anchor.time > (times[0] ?? 0) && anchor.time < end)
    .sort((a, b) => a.time - b.time);
  const targets = [...own, { time: end, price: fixed(price) }];
  const home = Math.log(Number(price));
  // A year's typical move away, but not so far that it would dominate the chart.
  let value = home + 4 * dailyVolatility * gaussian(draw);
  let before = times[0] ?? 0;
  const found: Fixed[] = [];
  for (const time of times) {
    let [target] = targets;
    while (target !== undefined && target.time < before) {
      targets.shift();
      [target] = targets;
    }
    const left = (target?.time ?? end) - before;
    const step = time - before;
    if (target !== undefined && step >= left) {
      value = logOf(target.price);
      targets.shift();
    } else if (target !== undefined && step > 0) {
      const deviation = dailyVolatility * Math.sqrt(((step / DAY_MS) * (left - step)) / left);
      value += ((logOf(target.price) - value) * step) / left + deviation * gaussian(draw);
    }
    found.push(onStep(fixed(Math.exp(value).toFixed(8))));
    before = time;
  }
  return found;
}

function logOf(price: Fixed): number {
  return Math.log(Number(price) / 1e18);
}

function candleOf(
  { symbol, dailyVolatility, meanValue }: SimulatedSymbol,
  { span, open, close, draw }: { span: number; open: Fixed; close: Fixed; draw: Random },
): Omit<Candle, 'time' | 'closeTime'> {
  // How far a walk strays beyond both its ends.
  const stray = (): number => 0.4 * dailyVolatility * Math.sqrt(span / DAY_MS) * Math.abs(gaussian(draw));
  const scaled = (price: Fixed, by: number): Fixed =>
    onStep((price * BigInt(Math.round(by * 1e6))) / 1_000_000n);
  const [lower, higher] = open < close ? [open, close] : [close, open];
  const high = scaled(higher, 1 + stray());
  const low = scaled(lower, 1 - stray());
  const trades = Math.max(1, Math.round(span * TRADES_PER_MS));
  const quoteVolume = fixed(Math.round(trades * meanValue * Math.exp(0.3 * gaussian(draw))).toFixed(0));
  const unit = 10n ** 10n;
  return {
    symbol,
    open,
    close,
    high: high > higher ? high : higher,
    low: low < lower ? low : lower,
    volume: ((quoteVolume * 10n ** 18n) / close / unit) * unit,
    quoteVolume,
    trades,
    simulated: true,
  };
}
