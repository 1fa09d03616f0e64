import { z } from 'zod';
import { PERIOD_INTERVALS } from '../../lib/pnl/performance/calendar.ts';
import * as field from '../../lib/schemas/fields.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import * as figure from '../../lib/schemas/figure-fields.ts';
import { usedTimeZone } from '../../lib/schemas/span-fields.ts';

export const SERIES_INTERVALS = ['minute', 'hour', ...PERIOD_INTERVALS] as const;
export type SeriesInterval = (typeof SERIES_INTERVALS)[number];

export const METRICS = ['equity', 'contributions', 'pnl'] as const;
export type Metric = (typeof METRICS)[number];

const epochTime = z.int().meta({ description: 'Epoch milliseconds.' });

const head = {
  ...figure.head,
  timeZone: usedTimeZone,
  interval: z.enum(SERIES_INTERVALS).describe('Distance between two instants.'),
  warnings,
};

export const pointsSchema = z
  .object({
    ...head,
    metric: z.enum(METRICS).describe('The figure that the values are of.'),
    points: z
      .array(z.tuple([epochTime, field.decimalOrNull]))
      .describe('`[t, v]`, oldest first; `v` is in base currency, `null` if not known.'),
  })
  .meta({ id: 'SeriesPoints', description: 'One figure over time, as `[t, v]` pairs.' });

export const columnsSchema = z
  .object({
    ...head,
    columns: z
      .object({
        t: z.array(epochTime).describe('The instants, oldest first, in epoch milliseconds.'),
        equity: z.array(field.decimalOrNull).describe('Equity at each; `null` if not known.'),
        contributions: z
          .array(field.decimalOrNull)
          .describe('External money and coins in minus out, up to each; `null` if not known.'),
        pnl: z
          .array(field.decimalOrNull)
          .describe('`equity` − `contributions` at each; `null` if not known.'),
        benchmark: z
          .array(field.decimalOrNull)
          .optional()
          .describe(
            'With `benchmark`: what the equity at `from` and the external flows since would be worth in it; `null` if not known.',
          ),
      })
      .describe('Arrays of equal length, one value for each instant; amounts are in base currency.'),
  })
  .meta({ id: 'SeriesColumns', description: 'Figures over time, one array for each.' });

export const seriesSchema = z
  .union([pointsSchema, columnsSchema])
  .meta({ id: 'Series', description: '`SeriesPoints` with `format=points`, else `SeriesColumns`.' });
