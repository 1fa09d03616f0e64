import { CANDLE_INTERVALS, type CandleInterval } from '../../lib/candle-interval.ts';
import { type Candle } from '../../db/market/candles.ts';
import { decimal, mul, ZERO } from '../../lib/money/money.ts';
import type { CandleBody } from '../../lib/schemas/candle-schema.ts';
import { localText } from './local-text.ts';

/** A trade, or (without a quantity) a price. */
export interface OracleTick {
  symbol: string;
  time: number;
  price: bigint;
  quantity: bigint | null;
  simulated: boolean;
}

const LENGTHS: Record<string, number> = { '1m': 1, '5m': 5, '15m': 15, '30m': 30, '1h': 60, '4h': 240 };

const midnights = new Map<string, number>();

/** The first instant of a day of a place, found by looking at all that it could be. */
function midnightOf(day: string, timeZone: string): number {
  const key = `${day} ${timeZone}`;
  let found = midnights.get(key);
  for (let quarter = -60; found === undefined && quarter < 60; quarter += 1) {
    const time = Date.parse(day) + quarter * 15 * 60_000;
    if (localText(time, timeZone).startsWith(day)) found = time;
  }
  if (found === undefined) throw new RangeError(`there is no ${key}`);
  midnights.set(key, found);
  return found;
}

function mondayOf(date: string): string {
  let day = date;
  while (new Date(day).getUTCDay() !== 1) day = new Date(Date.parse(day) - 1).toISOString().slice(0, 10);
  return day;
}

/** Start of a candle by the text of the date: nothing in common with how the program finds it. */
export function oracleStart(time: number, interval: CandleInterval, timeZone = 'UTC'): string {
  const minutes = LENGTHS[interval];
  if (minutes !== undefined) {
    const text = new Date(time).toISOString();
    const day = Date.parse(text.slice(0, 10));
    const minute = Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16));
    return new Date(day + (minute - (minute % minutes)) * 60_000).toISOString();
  }
  const date = localText(time, timeZone).slice(0, 10);
  const day = interval === '1M' ? `${date.slice(0, 7)}-01` : interval === '1w' ? mondayOf(date) : date;
  return new Date(midnightOf(day, timeZone)).toISOString();
}

/** Candles of one symbol and interval by a list of each, oldest first: `[start, candle]`. */
function grouped<T>(
  items: readonly T[],
  timeOf: (item: T) => number,
  interval: CandleInterval,
  timeZone?: string,
): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of [...items].sort((a, b) => timeOf(a) - timeOf(b))) {
    const start = oracleStart(timeOf(item), interval, timeZone);
    groups.set(start, [...(groups.get(start) ?? []), item]);
  }
  return [...groups];
}

const most = (list: bigint[]): bigint => list.reduce((a, b) => (a > b ? a : b));
const sum = (list: bigint[]): bigint => list.reduce((a, b) => a + b, ZERO);

export type OracleCandle = Omit<CandleBody, 'closed'>;

export function candlesOfTicks(
  ticks: readonly OracleTick[],
  interval: CandleInterval,
  timeZone?: string,
): OracleCandle[] {
  return grouped(ticks, (tick) => tick.time, interval, timeZone).map(([time, list]) => ({
    symbol: list[0]?.symbol ?? '',
    interval,
    time,
    open: decimal(list[0]?.price ?? ZERO),
    high: decimal(most(list.map(({ price }) => price))),
    low: decimal(-most(list.map(({ price }) => -price))),
    close: decimal(list.at(-1)?.price ?? ZERO),
    volume: decimal(sum(list.map(({ quantity }) => quantity ?? ZERO))),
    quoteVolume: decimal(sum(list.map(({ price, quantity }) => mul(price, quantity ?? ZERO)))),
    trades: list.filter(({ quantity }) => quantity !== null).length,
    simulated: list.some(({ simulated }) => simulated),
    complete: true,
  }));
}

export function candlesOfMinutes(minutes: readonly Candle[], interval: CandleInterval): OracleCandle[] {
  return grouped(minutes, (minute) => minute.time, interval).map(([time, list]) => ({
    symbol: list[0]?.symbol ?? '',
    interval,
    time,
    open: decimal(list[0]?.open ?? ZERO),
    high: decimal(most(list.map(({ high }) => high))),
    low: decimal(-most(list.map(({ low }) => -low))),
    close: decimal(list.at(-1)?.close ?? ZERO),
    volume: decimal(sum(list.map(({ volume }) => volume))),
    quoteVolume: decimal(sum(list.map(({ quoteVolume }) => quoteVolume))),
    trades: list.reduce((count, { trades }) => count + trades, 0),
    simulated: list.some(({ simulated }) => simulated),
    complete: true,
  }));
}

/** The last candle of each interval. */
export function currentOf(candlesOf: (interval: CandleInterval) => OracleCandle[]): OracleCandle[] {
  return CANDLE_INTERVALS.flatMap((interval) => candlesOf(interval).at(-1) ?? []);
}
