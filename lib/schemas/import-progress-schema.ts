import { z } from 'zod';
import * as field from './fields.ts';

export const importId = field.id.describe('Id of the import, as in the answer to the request.');

export const importProgressSchema = z
  .object({
    portfolioId: field.portfolioId,
    importId,
    asOf: field.timestamp.describe(
      'When this was published. An import that publishes nothing for minutes ended with its node, and nothing was booked.',
    ),
    dryRun: z.boolean().describe('Whether nothing is to be booked.'),
    phase: z
      .enum(['reading', 'comparing', 'booking', 'valuing', 'done', 'failed'])
      .describe('What the import is doing; `done` and `failed` are the last.'),
    bytes: z
      .object({
        read: z.int().describe('Bytes of the file read so far.'),
        total: z.union([z.int(), z.null()]).describe('Size of the file in bytes; `null`: not announced.'),
      })
      .describe('How much of the file has been read.'),
    rows: z.int().describe('Rows of the file read so far.'),
    rejected: z.int().describe('Rows that cannot be booked, so far.'),
    booked: z.int().describe('Trades booked so far, in the phase `booking`.'),
    toBook: z.int().describe('Trades to book, known from the phase `booking` on.'),
    result: z
      .union([
        z
          .object({
            booked: z.boolean().describe('Whether the accepted rows are now in the ledger.'),
            accepted: z.int().describe('Rows that are new trades.'),
            duplicates: z.int().describe('Rows that were booked before.'),
            rejected: z.int().describe('Rows that cannot be booked.'),
            ignored: z.int().describe('Rows that are not trades, such as deposits.'),
          })
          .meta({ id: 'ImportResult', description: 'The outcome of the rows of a file.' }),
        z.null(),
      ])
      .describe('The outcome of the rows; `null` until the phase is `done`.'),
    detail: z.union([z.string(), z.null()]).describe('Why it failed; `null` otherwise.'),
  })
  .meta({ id: 'ImportProgress', description: 'The progress of importing a file.' });

/** The state of the `imports:` channel. */
export type ImportProgressBody = z.input<typeof importProgressSchema>;
