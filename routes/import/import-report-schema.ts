import { z } from 'zod';
import { FORMAT_NAMES } from '../../lib/import/layouts/formats.ts';
import { DIFFERENCES } from '../../lib/import/near-match.ts';
import { ROW_ORDERS } from '../../lib/import/reading/row-order.ts';
import * as field from '../../lib/schemas/fields.ts';
import { ledgerVersion } from '../portfolios/entry-fields.ts';
import { moveSchema, optionEntrySchema, optionSchema } from './decision-body.ts';

/** The maximum number of rows in a report. */
export const REPORTED_ROWS = 1_000;
/** The number of rows that a report previews. */
export const PREVIEWED_ROWS = 20;

const rowSchema = z
  .object({
    line: z.int().describe('The line of the file where the row begins, from 1.'),
    status: z
      .enum(['accepted', 'duplicate', 'rejected', 'ignored', 'undecided'])
      .describe(
        "`accepted`: a new entry. `duplicate`: booked before. `rejected`: it cannot be booked. `ignored`: it does not change the user's holdings. `undecided`: only the user can explain it.",
      ),
    code: z.string().optional().describe('The reason in `detail`: stable, for texts in other languages.'),
    params: z
      .record(z.string(), z.string())
      .optional()
      .describe('The values to fill into a text for the code.'),
    moves: z
      .array(moveSchema)
      .optional()
      .describe('What an undecided row adds to the holdings and takes from them.'),
    options: z.array(optionSchema).optional().describe('What an undecided row could be.'),
    column: z.string().optional().describe('The heading of the cell that is wrong.'),
    detail: z
      .string()
      .optional()
      .describe('Why it is rejected, ignored or undecided, what it duplicates, or what to check in it.'),
    tradeId: field.id.optional().describe('The booked entry that it duplicates or conflicts with.'),
  })
  .meta({ id: 'ImportRow', description: 'The outcome of one row of a file.' });

export type ReportRow = z.input<typeof rowSchema>;

export const previewSchema = z
  .object({
    line: z.int().describe('The line of the file where the row begins, from 1.'),
    entries: z.array(optionEntrySchema).describe('What the row is read as.'),
  })
  .meta({ id: 'ImportPreviewRow', description: 'How a row of a file is read.' });

export const reportSchema = z
  .object({
    importId: field.id.describe('Id of the import: the one in the request, or a generated one.'),
    portfolioId: field.portfolioId,
    dryRun: z.boolean().describe('Whether nothing was to be booked.'),
    booked: z.boolean().describe('Whether the accepted rows are now in the ledger.'),
    version: ledgerVersion,
    format: z
      .enum(FORMAT_NAMES)
      .describe('The exchange or program that wrote the file, recognised by its headings.'),
    encoding: z
      .enum(['utf-8', 'euc-kr', 'utf-16le', 'utf-16be', 'xlsx'])
      .describe('The encoding that the file was read in; `xlsx`: an Excel workbook.'),
    timeZone: z
      .union([z.string(), z.null()])
      .describe('The time zone that times were read in; `null` if each time named its own.'),
    order: z
      .union([z.enum(ROW_ORDERS), z.null()])
      .describe(
        'Which way time runs in the file; `null` if the file does not show it and figures depend on it: then send `order` to book the file.',
      ),
    rows: z.int().describe('Rows of the file, except empty ones.'),
    accepted: z.int().describe('New entries: trades, deposits, withdrawals and income.'),
    duplicates: z.int().describe('Entries that were booked before.'),
    rejected: z.int().describe('Rows that cannot be booked.'),
    ignored: z
      .int()
      .describe("Rows that do not change the user's holdings, such as orders that were not filled."),
    undecided: z
      .int()
      .describe('Rows that only the user can explain: `GET …/decisions` lists them once the file is booked.'),
    decisions: z.int().describe('The open decisions about these rows.'),
    entryRows: z
      .int()
      .describe(
        'Rows that make entries, whether accepted, duplicate or rejected. Together with the ignored, undecided and unreadable rows, these are all rows of the file.',
      ),
    unbooked: z
      .array(
        z
          .object({
            asset: z.string().describe('Code of the asset.'),
            undecided: field.decimal.describe('What undecided rows move, summed.'),
            settled: field.decimal.describe('What undecided rows whose decision is settled move, summed.'),
            ignored: field.decimal.describe(
              'What ignored rows move, and what transfers to or from other accounts of the owner move on the account of the file, summed.',
            ),
            rejected: field.decimal.describe('What rejected rows move, as far as they can be read, summed.'),
          })
          .meta({ id: 'UnbookedSum', description: 'What is not booked of one asset.' }),
      )
      .describe(
        `What is not booked of each asset. Together with the entries these sums are those of all rows of the file, except the \`unsummed\` ones. At most ${REPORTED_ROWS} assets.`,
      ),
    unbookedTruncated: z.boolean().describe('Whether there are sums of further assets.'),
    unjoined: z
      .int()
      .describe(
        "Deposits and withdrawals of this program's own file that are joined with one that the file does not have: they count as external flows until they are joined again (`GET …/transfers/matches`).",
      ),
    unsummed: z
      .int()
      .describe(
        'Rows that are in no sum: unreadable ones, and those whose market name can be split in several ways.',
      ),
    preview: z
      .array(previewSchema)
      .describe(`How the first rows that make entries are read; at most ${PREVIEWED_ROWS}.`),
    nearMisses: z
      .array(
        z
          .object({
            line: z.int().describe('The line of the file where the row begins, from 1.'),
            tradeId: field.id.describe('The booked entry that it resembles.'),
            differs: z
              .enum([...DIFFERENCES, 'fee'])
              .describe(
                'How the two differ, beyond the precision of their sources. `fee`: the row is a duplicate and is not booked, but the entry lacks its fee, or a part of it.',
              ),
          })
          .meta({
            id: 'ImportNearMiss',
            description: 'A row that is almost equal to an entry from another source.',
          }),
      )
      .describe(
        'Rows that are new but almost equal to an entry from another file, the API or by hand, and duplicates whose fee the entry lacks: check them before booking the file. At most 100 of each.',
      ),
    items: z
      .array(rowSchema)
      .describe(
        `The outcome of each row, by line; at most ${REPORTED_ROWS}. Rejected rows and those with something to check are kept first.`,
      ),
    truncated: z.boolean().describe('Whether the file has more rows than `items`.'),
  })
  .meta({ id: 'ImportReport', description: 'The outcome of importing a file.' });
