import { z } from 'zod';
import * as field from '../../lib/schemas/fields.ts';

/** Properties that the bodies of trades and transfers have in common. */

export const externalId = z
  .union([z.string(), z.null()])
  .describe("The source's own id, unique with `exchange`; `null`: not given.");
export const exchange = z
  .union([z.string(), z.null()])
  .describe('Where it happened, such as `upbit`; `null`: not given.');
export const time = field.timestamp.describe('When it happened, according to its source.');
export const note = z.union([z.string(), z.null()]).describe('Free text; `null`: none.');
export const tags = z.array(z.string()).describe('Labels to filter by; empty: none.');

export const ledgerVersion = z.int().describe('Version of the ledger after the change.');

export const outcomeStatus = z
  .enum(['booked', 'duplicate'])
  .describe('`booked`: it is new. `duplicate`: it was booked before, with the same content.');
