import { z } from 'zod';
import * as field from './fields.ts';

/** What answers about a span of time have in common. Amounts are in base currency. */

export const usedTimeZone = z.string().describe('IANA time zone whose midnight begins a day.');

export const spanFigures = {
  startEquity: field.decimalOrNull.describe('Equity at the start; `null` if a price was not known.'),
  endEquity: field.decimalOrNull.describe('Equity at the end, or now; `null` if a price was not known.'),
  netFlows: field.decimalOrNull.describe(
    'External money and coins in minus out, each at its value then; `null` if a rate is missing.',
  ),
  pnl: field.decimalOrNull.describe(
    '`endEquity` − `startEquity` − `netFlows`, exactly; `null` if one of them is.',
  ),
};
