import { z } from 'zod';
import { assetShare, kindShare, share } from './allocation-schema.ts';
import * as field from './fields.ts';
import { pnlSchema } from './pnl-schema.ts';

/** A portfolio at a glance: the figures of `GET …/pnl`, and how they are spread. */
export const summaryFigures = z.object({
  ...pnlSchema.shape,
  totalRate: field.decimalOrNull.describe(
    '`totalPnl` ÷ `netContributions` as a fraction; `null` if not known or nothing was contributed.',
  ),
  coins: z.int().describe('How many different coins are held; `GET …/holdings` lists them.'),
  allocation: z
    .object({
      byKind: z.array(kindShare).describe('Cash, then coins.'),
      byAsset: z.array(assetShare).describe('The 20 largest; `GET …/allocation` has them all.'),
      others: z
        .union([
          z.object({ count: z.int().describe('How many assets these are.'), ...share.shape }),
          z.null(),
        ])
        .describe('Everything that is not in `byAsset`, together; `null` if there is nothing else.'),
    })
    .describe('How equity is spread.'),
});

export type SummaryBody = z.input<typeof summaryFigures>;
