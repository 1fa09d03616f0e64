import { z } from 'zod';
import * as field from '../../lib/schemas/fields.ts';
import { importId } from '../../lib/schemas/import-progress-schema.ts';
import { ledgerVersion } from '../portfolios/entry-fields.ts';
import { entrySchema } from '../portfolios/entry-body.ts';
import { portfolioSettingsSchema } from '../portfolios/portfolio-body.ts';
import { tradeSchema } from '../portfolios/trade-body.ts';
import { transferSchema } from '../portfolios/transfer-body.ts';

/** What events about a changed ledger contain. */

const changed = {
  portfolioId: field.portfolioId,
  change: z
    .enum(['booked', 'changed', 'removed'])
    .describe('`booked`: new. `changed`: corrected. `removed`: removed from the ledger.'),
  version: ledgerVersion,
};
const imported = {
  portfolioId: field.portfolioId,
  change: z.literal('imported').describe('Many trades were booked at once.'),
  version: ledgerVersion,
  importId,
  count: z.int().describe('How many trades were booked.'),
};
const disconnected = {
  portfolioId: field.portfolioId,
  change: z.literal('disconnected').describe('An account was disconnected, and its many entries removed.'),
  version: ledgerVersion,
  accountId: field.id.describe('Id of the account at an exchange.'),
  count: z.int().describe('How many entries were removed.'),
};
const MANY_REMOVED = 'The many entries of an account that was disconnected, which are not sent one by one.';
const MANY = 'A file with many new trades, which are not sent one by one.';
const AS_IT_IS = 'as it is now, or as it was before it was removed.';

const subject = <T extends string>(name: T) => z.literal(name).describe('What the change is about.');

export const fillSchema = z
  .union([
    z
      .object({ ...changed, trade: tradeSchema })
      .meta({ id: 'TradeFill', description: `One trade: ${AS_IT_IS}` }),
    z.object(imported).meta({ id: 'ImportFill', description: MANY }),
    z.object(disconnected).meta({ id: 'DisconnectedFill', description: MANY_REMOVED }),
  ])
  .meta({ id: 'Fill', description: 'A change of the trades of a portfolio.' });

export const ledgerSchema = z
  .discriminatedUnion('subject', [
    z
      .object({ subject: subject('trade'), ...changed, trade: tradeSchema })
      .meta({ id: 'TradeLedgerChange', description: `One trade: ${AS_IT_IS}` }),
    z
      .object({ subject: subject('import'), ...imported })
      .meta({ id: 'ImportLedgerChange', description: MANY }),
    z
      .object({ subject: subject('account'), ...disconnected })
      .meta({ id: 'AccountLedgerChange', description: MANY_REMOVED }),
    z
      .object({ subject: subject('transfer'), ...changed, transfer: transferSchema })
      .meta({ id: 'TransferLedgerChange', description: `One transfer: ${AS_IT_IS}` }),
    z
      .object({
        subject: subject('entry'),
        ...changed,
        entry: entrySchema.describe('The entry that the change is about.'),
      })
      .meta({
        id: 'EntryLedgerChange',
        description: `One entry that is neither a trade nor a deposit, withdrawal or income: ${AS_IT_IS}`,
      }),
    z
      .object({
        subject: subject('valuation'),
        portfolioId: field.portfolioId,
        version: ledgerVersion,
        count: z.int().describe('How many entries were valued.'),
        entries: z.array(field.id).describe('Ids of the first 20 of them.'),
      })
      .meta({
        id: 'ValuationLedgerChange',
        description:
          'Entries that lacked a rate have been valued, because a price at or before their time has become known. The entries themselves are unchanged.',
      }),
    z
      .object({
        subject: subject('portfolio'),
        ...changed,
        change: z
          .enum(['changed', 'deleted'])
          .describe(
            '`deleted` is the last event: the stream then ends, because there is nothing left to read.',
          ),
        portfolio: portfolioSettingsSchema,
      })
      .meta({
        id: 'PortfolioLedgerChange',
        description: 'The settings of the portfolio as they are now, or as they were before it was deleted.',
      }),
  ])
  .meta({ id: 'LedgerChange', description: 'A change of a portfolio: its ledger or its settings.' });
