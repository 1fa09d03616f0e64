import { z } from 'zod';
import * as field from './fields.ts';
import * as figure from './figure-fields.ts';

export const openLot = z
  .object({
    entryId: z
      .union([field.id, z.null()])
      .describe('Id of the purchase; `null` under `average`, where everything held is one pool.'),
    time: field.timestamp.describe('When it was bought; under `average`, when the current holding began.'),
    quantity: field.decimal.describe('How much of `bought` is still held, in units of the asset.'),
    bought: field.decimalOrNull.describe(
      'How much was bought, in units of the asset; `null` under `average`.',
    ),
    unitCost: field.decimalOrNull.describe(
      'Base currency per unit, fees included; `null` if a rate is missing.',
    ),
    costBasis: figure.costBasis,
    marketValue: figure.marketValue,
    unrealizedPnl: figure.unrealizedPnl,
  })
  .meta({ id: 'OpenLot', description: 'A purchase of the asset, or what is left of it.' });

export type OpenLotBody = z.input<typeof openLot>;
