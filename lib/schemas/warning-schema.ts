import { z } from 'zod';
import { UNVALUED_KINDS } from '../pnl/ledger/leg-kinds.ts';
import * as field from './fields.ts';

export const WARNING_CODES = [
  'missing-price',
  'missing-rate',
  'other-market',
  'unvalued-amount',
  'stale-price',
  'oversold',
  'fee-above-value',
  'unmatched-withdrawal',
  'cash-negative',
  'missing-history',
  'undefined-rate',
  'gathered-flows',
] as const;

const kindOfAmount = z.enum([...UNVALUED_KINDS, 'holding']);

const unvaluedAmount = z
  .object({
    what: kindOfAmount.describe(
      '`holding`: missing from equity. A fee or reward is missing from `fees` or `income` and counts as nothing in every sum.',
    ),
    asset: field.asset.describe('The asset concerned.'),
    quantity: field.decimal.describe('How much, in units of the asset.'),
  })
  .meta({ id: 'UnvaluedAmount', description: 'An amount missing from the totals because it has no price.' });

const warning = z
  .object({
    code: z.enum(WARNING_CODES).describe('What kind of warning it is; stable, for programs.'),
    detail: z.string().describe('The same as a sentence, for people; the wording may change.'),
    asset: z.string().optional().describe('The asset concerned, if it is one.'),
    symbol: z.string().optional().describe('The symbol that has no price, if it is one.'),
    what: kindOfAmount
      .optional()
      .describe('What the amount without a price is; only of an `unvalued-amount`.'),
    quantity: field.decimal
      .optional()
      .describe('How much of the asset has no price; only of an `unvalued-amount`.'),
    entries: z
      .array(z.string())
      .optional()
      .describe('Ids of the entries concerned: the first few; `count` is how many there are.'),
    count: z.int().optional().describe('How many entries are concerned.'),
    figures: z
      .array(z.string())
      .optional()
      .describe('The figures that are `null` because of it or lack it, as paths: `day.rate`.'),
  })
  .meta({ id: 'Warning', description: 'Why a figure is missing, or should be read with care.' });

export const unvalued = z
  .array(unvaluedAmount)
  .describe('Amounts missing from the totals because they have no price; each has a warning as well.');

export const warnings = z
  .array(warning)
  .describe('Why figures are `null` or should be read with care; empty if there are no warnings.');

export type UnvaluedBody = z.input<typeof unvaluedAmount>;
export type Warning = z.input<typeof warning>;
export type WarningCode = Warning['code'];
