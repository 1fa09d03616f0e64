import { z } from 'zod';
import { rateNeeds, ratesOf } from '../../db/ledger/rates/entry-rates.ts';
import { type StoredEntry } from '../../db/ledger/entries/stored-entry.ts';
import { decimal } from '../../lib/money/money.ts';
import { RATE_ROLES, RATE_SOURCES } from '../../lib/pnl/ledger/rate-origin.ts';
import * as field from '../../lib/schemas/fields.ts';

export const rateSchema = z
  .object({
    of: z.enum(RATE_ROLES).meta({
      description: 'What it values: the `quote` currency of a trade, its `fee`, or the `unit` that is moved.',
    }),
    asset: field.asset.describe('The asset that it values.'),
    rate: field.decimal.meta({ description: 'Base currency per unit.' }),
    source: z.enum(RATE_SOURCES).meta({
      description:
        "`market`: stored prices. `own-trade`: the portfolio's own last trade, until the market has a price.",
    }),
    path: z.array(field.symbol).meta({ description: 'The symbols that it came through, in order.' }),
    time: field.timestamp.describe('When the price was made; of two prices, the older one.'),
    ageMs: z.int().describe('How old the price was at the time of the entry, in milliseconds.'),
  })
  .meta({ id: 'EntryRate', description: 'A rate that an entry was valued with, and where it comes from.' });

export const entryRates = z.array(rateSchema).meta({
  description:
    'The rates that it was valued with, and where they come from. Amounts in base currency, and those without a rate yet, have none.',
});

export function ratesBody(entry: StoredEntry): z.input<typeof rateSchema>[] {
  const rates = ratesOf(entry);
  return rateNeeds(entry).flatMap(({ role, asset }) => {
    const found = rates.get(role);
    if (found === undefined || found.origin === null) return [];
    const { source, path, time } = found.origin;
    return [
      {
        of: role,
        asset,
        rate: decimal(found.rate),
        source,
        path: [...path],
        time: field.isoTime(time),
        ageMs: entry.time - time,
      },
    ];
  });
}
