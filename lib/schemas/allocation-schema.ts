import { z } from 'zod';
import * as field from './fields.ts';
import { marketValue, weight } from './figure-fields.ts';

/** A part of a portfolio. */
export const share = z.object({ marketValue, weight });

export const assetShare = z
  .object({ asset: field.asset.describe('The asset; cash is the base currency.'), ...share.shape })
  .meta({ id: 'AssetShare', description: 'The part of equity that is in one asset.' });
export const kindShare = z
  .object({
    kind: z.enum(['cash', 'coins']).describe('`cash`: the base currency. `coins`: everything else.'),
    ...share.shape,
  })
  .meta({ id: 'KindShare', description: 'The part of equity that is cash, or that is coins.' });
const quoteShare = z
  .object({
    quote: field.asset.describe('The currency that these assets are quoted in.'),
    assets: z.array(field.asset).describe('The assets, the most valuable first.'),
    ...share.shape,
  })
  .meta({ id: 'QuoteShare', description: 'The part of equity that is in assets quoted in one currency.' });

/** Each list adds up to equity exactly; holdings without a value come last and are not part of equity. */
export const allocationSchema = z.object({
  byAsset: z.array(assetShare).describe('By asset, the largest first; cash is one of them.'),
  byQuote: z.array(quoteShare).describe('By the currency that prices come from, the largest first.'),
  byKind: z.array(kindShare).describe('Cash, then coins.'),
});

export type ShareBody = z.input<typeof share>;
export type AllocationBody = z.input<typeof allocationSchema>;
