import { z } from 'zod';
import * as field from './fields.ts';
import * as figure from './figure-fields.ts';
import { spanFigures } from './span-fields.ts';

export const periodFigures = z.object({
  label: z.iso.date().meta({ description: "Local date of the period's first day.", example: '2026-03-01' }),

  start: field.timestamp.describe('Start of the period, inclusive.'),
  end: field.timestamp.describe('End of the period, exclusive.'),
  ...spanFigures,
  rate: field.decimalOrNull.describe(
    '`pnl` ÷ (`startEquity` + what came in) as a fraction; `null` if not known, or if that sum is not positive.',
  ),
  realizedPnl: figure.realized,
  unrealizedChange: field.decimalOrNull.describe(
    'Change of unrealised PnL: `pnl` = `realizedPnl.net` + `unrealizedChange` + `income` + `transferredPnl`, exactly; `null` if not known.',
  ),
  fees: figure.fees,
  income: figure.income,
  transferredPnl: figure.transferredPnl,
});

export type PeriodBody = z.input<typeof periodFigures>;
