import { z } from 'zod';
import { CANDLE_INTERVALS, DAY_MS, INTERVAL_MS } from '../../lib/candle-interval.ts';
import { type Candle } from '../../db/market/candles.ts';
import { type Fixed, mul, ZERO } from '../../lib/money/money.ts';
import type { FieldError } from '../../lib/problem.ts';
import type { CandleBody } from '../../streams/channels/record.ts';
import * as field from '../http/fields.ts';

export const candleSchema = z
  .object({
    symbol: field.symbol,
    interval: z.enum(CANDLE_INTERVALS),
    time: field.timestamp.meta({ description: 'Start of the interval.' }),
    open: field.decimal,
    high: field.decimal,
    low: field.decimal,
    close: field.decimal,
    volume: field.decimal,
    quoteVolume: field.decimal,
    trades: z.int(),
    closed: z.boolean().meta({ description: 'Final, but for trades that come late.' }),
    simulated: z.boolean(),
  })
  .meta({ id: 'Candle' });

const nextCursor = z.union([z.string(), z.null()]);
const epochTime = z.int().meta({ description: 'Start of the interval, epoch milliseconds.' });

export const candleList = field.listOf(candleSchema);

/** `format=points`: `[t, open, high, low, close, volume]`, as chart libraries take it. */
export const candlePoints = z
  .object({
    points: z.array(
      z.tuple([epochTime, field.decimal, field.decimal, field.decimal, field.decimal, field.decimal]),
    ),
    nextCursor,
  })
  .meta({ id: 'CandlePoints' });

/** `format=columns`: an array a field. */
export const candleColumns = z
  .object({
    columns: z.object({
      t: z.array(epochTime),
      open: z.array(field.decimal),
      high: z.array(field.decimal),
      low: z.array(field.decimal),
      close: z.array(field.decimal),
      volume: z.array(field.decimal),
      quoteVolume: z.array(field.decimal),
      trades: z.array(z.int()),
      closed: z.array(z.boolean()),
    }),
    nextCursor,
  })
  .meta({ id: 'CandleColumns' });

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
  };
}

/** What is stored as it is; whatever lies between is made from it. */
const LENGTH_MS = { '1m': INTERVAL_MS['1m'], '1d': DAY_MS } as const;

export const candleInput = z
  .strictObject({
    symbol: field.symbol,
    interval: z.enum(['1m', '1d']).default('1m'),
    time: field.instant.meta({ description: 'Start of the minute, or of the UTC day.' }),
    open: field.positiveAmount,
    high: field.positiveAmount,
    low: field.positiveAmount,
    close: field.positiveAmount,
    volume: field.nonNegativeAmount.default(ZERO).meta({ description: 'In base. `0` when left out.' }),
    quoteVolume: field.nonNegativeAmount
      .optional()
      .meta({ description: 'In quote. `close` × `volume` when left out.' }),
    trades: z.int().min(0).max(2_147_483_647).default(0),
  })
  .meta({ id: 'CandleInput' });

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
