import { z } from 'zod';
import * as field from './fields.ts';
import * as figure from './figure-fields.ts';

export const holdingSchema = z
  .object({
    asset: field.asset.describe('The asset held; cash is the base currency.'),
    symbol: z
      .union([field.symbol, z.null()])
      .describe('The symbol to watch for its price: the first of `path`; `null` for the base currency.'),
    quantity: field.decimal.describe('How much is held, in units of the asset; negative for a debt.'),
    averagePrice: figure.averagePrice,
    costBasis: figure.costBasis,
    markPrice: field.decimalOrNull.describe(
      'Last known price per unit in base currency; `null` if there is none.',
    ),
    markTime: z
      .union([field.timestamp, z.null()])
      .describe('When that price was made; `null` for the base currency, and without a price.'),
    path: z
      .array(field.symbol)
      .describe('The symbols that the price came through, in order; empty for the base currency.'),
    marketValue: figure.marketValue,
    weight: figure.weight,
    unrealizedPnl: figure.unrealizedPnl,
    unrealizedRate: figure.unrealizedRate,
    realizedPnl: figure.realized,
  })
  .meta({ id: 'Holding', description: 'One asset of a portfolio, marked to market.' });

/** An item of `GET …/holdings` and of the `holdings:<id>` event. */
export type HoldingBody = z.input<typeof holdingSchema>;
