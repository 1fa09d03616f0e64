import { z } from 'zod';
import * as field from '../http/fields.ts';
import { portfolioSettingsSchema } from '../portfolios/portfolio-body.ts';
import { tradeSchema } from '../portfolios/trade-body.ts';
import { transferSchema } from '../portfolios/transfer-body.ts';

/** What the events of a changed ledger carry. */

const version = z.int().meta({ description: 'Of the ledger, after the change.' });

const changed = {
  portfolioId: field.id,
  change: z.enum(['booked', 'changed', 'removed']).meta({ description: 'What has happened to it.' }),
  version,
};
const imported = {
  portfolioId: field.id,
  change: z.literal('imported'),
  version,
  importId: field.id.meta({ description: 'As the sender of the file named it, or as the answer says.' }),
  count: z.int().meta({ description: 'Trades booked.' }),
};
const MANY = 'A file with many new trades, which are not sent one by one.';
const AS_IT_IS = 'As it is now; as it was, if it was removed.';

export const fillSchema = z
  .union([
    z.object({ ...changed, trade: tradeSchema.meta({ description: AS_IT_IS }) }),
    z.object(imported).meta({ description: MANY }),
  ])
  .meta({ id: 'Fill' });

export const ledgerSchema = z
  .discriminatedUnion('subject', [
    z.object({
      subject: z.literal('trade'),
      ...changed,
      trade: tradeSchema.meta({ description: AS_IT_IS }),
    }),
    z.object({ subject: z.literal('import'), ...imported }).meta({ description: MANY }),
    z.object({
      subject: z.literal('transfer'),
      ...changed,
      transfer: transferSchema.meta({ description: AS_IT_IS }),
    }),
    z
      .object({
        subject: z.literal('valuation').meta({ description: 'Rates that became known later.' }),
        portfolioId: field.id.meta({ description: 'Whose ledger.' }),
        version,
        count: z.int().meta({ description: 'How many entries were valued.' }),
        entries: z.array(field.id).meta({ description: 'The first 20 of them.' }),
      })
      .meta({
        description:
          'Entries that lacked a rate are valued, since a price at or before their time has become known. The entries themselves are as they were.',
      }),
    z
      .object({
        subject: z.literal('portfolio'),
        ...changed,
        change: z.enum(['changed', 'deleted']).meta({
          description: '`deleted` is the last event: the stream ends, since there is nothing left to read.',
        }),
        portfolio: portfolioSettingsSchema.meta({
          description: 'Its settings as they are now; as they were, if it was deleted.',
        }),
      })
      .meta({ description: 'The settings of the portfolio were changed, or it was deleted.' }),
  ])
  .meta({ id: 'LedgerChange' });
