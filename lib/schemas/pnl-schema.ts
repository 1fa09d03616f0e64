import { z } from 'zod';
import { head, totals } from './figure-fields.ts';
import { unvalued, warnings } from './warning-schema.ts';

export const pnlSchema = z
  .object({
    ...head,
    ...totals,
    unvalued,
    warnings,
  })
  .meta({ id: 'Pnl', description: 'Equity and PnL of a portfolio; amounts are in base currency.' });

/** The body of `GET …/pnl` and of the `pnl:<id>` event. */
export type PnlBody = z.input<typeof pnlSchema>;
