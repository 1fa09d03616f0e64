import { z } from 'zod';
import { PERIOD_INTERVALS } from '../../lib/pnl/performance/calendar.ts';
import { COST_METHODS } from '../../lib/pnl/ledger/entry.ts';
import * as field from '../http/fields.ts';
import { position } from '../portfolios/pnl.ts';

export const SERIES_INTERVALS = ['minute', 'hour', ...PERIOD_INTERVALS] as const;
export type SeriesInterval = (typeof SERIES_INTERVALS)[number];

export const METRICS = ['equity', 'contributions', 'pnl'] as const;
export type Metric = (typeof METRICS)[number];

const epochTime = z.int().meta({ description: 'Epoch milliseconds.' });

const head = {
  portfolioId: field.id,
  asOf: field.timestamp,
  position,
  baseCurrency: field.asset,
  costMethod: z.enum(COST_METHODS),
  timeZone: z.string(),
  interval: z.enum(SERIES_INTERVALS),
  warnings: z.array(field.warning),
};

export const pointsSchema = z
  .object({
    ...head,
    metric: z.enum(METRICS),
    points: z.array(z.tuple([epochTime, field.decimalOrNull])),
  })
  .meta({ id: 'SeriesPoints' });

export const columnsSchema = z
  .object({
    ...head,
    columns: z.object({
      t: z.array(epochTime),
      equity: z.array(field.decimalOrNull),
      contributions: z.array(field.decimalOrNull),
      pnl: z.array(field.decimalOrNull),
      benchmark: z.array(field.decimalOrNull).optional().meta({
        description:
          'If asked for: what the equity at `from` and the external flows since would be worth in it.',
      }),
    }),
  })
  .meta({ id: 'SeriesColumns' });
