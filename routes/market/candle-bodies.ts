import { z } from 'zod';
import { DAY_MS, INTERVAL_MS } from '../../lib/candle-interval.ts';
import { type Candle } from '../../db/market/candles.ts';
import { type Fixed, mul, ZERO } from '../../lib/money/money.ts';
import type { FieldError } from '../../lib/problem.ts';
import { type CandleBody, candleSchema } from '../../lib/schemas/candle-schema.ts';
import * as field from '../../lib/schemas/fields.ts';

const epochTime = z.int().meta({ description: 'Start of the interval, epoch milliseconds.' });

const candleList = field
  .listOf(candleSchema)
  .meta({ id: 'CandleList', description: 'One page of candles as objects.' });

/** `format=points`: `[t, open, high, low, close, volume]`, as chart libraries take it. */
const candlePoints = z
  .object({
    points: z
      .array(z.tuple([epochTime, field.decimal, field.decimal, field.decimal, field.decimal, field.decimal]))
      .describe('`[t, open, high, low, close, volume]` of each candle, in the order of the list.'),
    nextCursor: field.nextCursor,
  })
  .meta({ id: 'CandlePoints', description: 'One page of candles as arrays.' });

/** `format=columns`: one array per field. */
const candleColumns = z
  .object({
    columns: z
      .object({
        t: z.array(epochTime).describe('Start of each interval, in epoch milliseconds.'),
        open: z.array(field.decimal).describe('First price of each, quote per base.'),
        high: z.array(field.decimal).describe('Highest price of each, quote per base.'),
        low: z.array(field.decimal).describe('Lowest price of each, quote per base.'),
        close: z.array(field.decimal).describe('Last price of each, quote per base.'),
        volume: z.array(field.decimal).describe('Quantity traded in each, in units of the base asset.'),
        quoteVolume: z.array(field.decimal).describe('Value traded in each, in units of the quote asset.'),
        trades: z.array(z.int()).describe('Public trades in each.'),
        closed: z.array(z.boolean()).describe('Whether each is final, except for trades that arrive late.'),
        complete: z.array(z.boolean()).describe('Whether each is complete, as far as is known.'),
      })
      .describe('Arrays of equal length, one value for each candle.'),
    nextCursor: field.nextCursor,
  })
  .meta({ id: 'CandleColumns', description: 'One page of candles, one array for each field.' });

export const candlesSchema = z
  .union([candleList, candlePoints, candleColumns])
  .meta({ id: 'Candles', description: '`CandleList`, `CandlePoints` or `CandleColumns`, as `format` says.' });

type Bodies = readonly CandleBody[];

export function pointsOf(bodies: Bodies): z.input<typeof candlePoints>['points'] {
  return bodies.map(({ time, open, high, low, close, volume }) => [
    Date.parse(time),
    open,
    high,
    low,
    close,
    volume,
  ]);
}

export function columnsOf(bodies: Bodies): z.input<typeof candleColumns>['columns'] {
  return {
    t: bodies.map(({ time }) => Date.parse(time)),
    open: bodies.map(({ open }) => open),
    high: bodies.map(({ high }) => high),
    low: bodies.map(({ low }) => low),
    close: bodies.map(({ close }) => close),
    volume: bodies.map(({ volume }) => volume),
    quoteVolume: bodies.map(({ quoteVolume }) => quoteVolume),
    trades: bodies.map(({ trades }) => trades),
    closed: bodies.map(({ closed }) => closed),
    complete: bodies.map(({ complete }) => complete),
  };
}

/** The intervals that are stored; all others are made from these. */
const LENGTH_MS = { '1m': INTERVAL_MS['1m'], '1d': DAY_MS } as const;

export const candleInput = z
  .strictObject({
    symbol: field.symbol.describe('Base and quote asset.'),
    interval: z.enum(['1m', '1d']).default('1m').describe('A minute, or a whole UTC day.'),
    time: field.instant.describe(`Start of the minute, or of the UTC day. ${field.INSTANT_FORM}`),
    open: field.positiveAmount.describe('First price, quote per base; a decimal string.'),
    high: field.positiveAmount.describe('Highest price, quote per base; a decimal string.'),
    low: field.positiveAmount.describe('Lowest price, quote per base; a decimal string.'),
    close: field.positiveAmount.describe('Last price, quote per base; a decimal string.'),
    volume: field.nonNegativeAmount
      .default(ZERO)
      .describe('Quantity traded, in units of the base asset; `0` if omitted.'),
    quoteVolume: field.nonNegativeAmount
      .optional()
      .describe('Value traded, in units of the quote asset; `close` × `volume` if omitted.'),
    trades: z.int().min(0).max(2_147_483_647).default(0).describe('How many public trades it has.'),
  })
  .meta({ id: 'CandleInput', description: 'A candle to load.' });

export type CandleInput = z.output<typeof candleInput>;

export function candleOf(input: CandleInput): Candle {
  const { interval, time, close, volume, quoteVolume, ...rest } = input;
  return {
    ...rest,
    time,
    close,
    volume,
    closeTime: time + LENGTH_MS[interval] - 1,
    quoteVolume: quoteVolume ?? mul(close, volume),
    simulated: false,
  };
}

/** What no exchange can have reported. */
export function candleErrors(input: CandleInput, now: number): FieldError[] {
  const { interval, time, open, high, low, close } = input;
  const length = LENGTH_MS[interval];
  const errors: FieldError[] = [];
  const outside = (price: Fixed): boolean => price > high || price < low;
  if (time % length !== 0) {
    const start = interval === '1m' ? 'the start of a minute' : 'midnight UTC';
    errors.push({ pointer: '/time', detail: `must be ${start}` });
  } else if (time + length > now) {
    errors.push({ pointer: '/time', detail: 'is not over yet' });
  }
  if (high < low) errors.push({ pointer: '/high', detail: 'must not be below `low`' });
  else {
    if (outside(open)) errors.push({ pointer: '/open', detail: 'must lie between `low` and `high`' });
    if (outside(close)) errors.push({ pointer: '/close', detail: 'must lie between `low` and `high`' });
  }
  return errors;
}
