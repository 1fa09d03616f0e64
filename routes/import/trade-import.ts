import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { findMapping } from '../../db/import/import-mappings.ts';
import { SOURCE_NAMES } from '../../lib/import/layouts/formats.ts';
import { mappedFormat } from '../../lib/import/layouts/mapping.ts';
import { problemIn } from '../../lib/import/reason-texts.ts';
import { Problem, problem } from '../../lib/problem.ts';
import * as field from '../../lib/schemas/fields.ts';
import { columnMapping, type SavedMapping } from './import-mappings.ts';
import { newId } from '../../lib/id.ts';
import { DECIMAL_MARKS } from '../../lib/import/reading/amount.ts';
import { DATE_ORDERS, zoneOf } from '../../lib/import/reading/local-time.ts';
import { ROW_ORDERS } from '../../lib/import/reading/row-order.ts';
import { csvBody } from '../http/csv-body.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import { slotInTime, slotOrProblem } from '../http/slot-problems.ts';
import { type ImportAnswer, runImport } from './import-run.ts';
import { reportSchema } from './import-report-schema.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { readerLanguage } from './reader-language.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';

/** How long a complete upload waits for those before it. */
const TURN_MS = 30_000;

/** Whose files can be imported, besides this program's own. */
const OTHERS = SOURCE_NAMES.slice(1);

const flag = z.enum(['true', 'false']).default('false');
const zone = z
  .string()
  .max(64)
  .transform((name, ctx) => {
    try {
      return zoneOf(name);
    } catch {
      ctx.addIssue({ code: 'custom', message: 'must be an IANA time zone, or an offset such as +09:00' });
      return z.NEVER;
    }
  })
  .meta({ type: 'string', example: 'Asia/Seoul' });

/** @throws Problem if the user has no mapping of that name */
async function mappingOf(db: Database, userId: string, name: string): Promise<SavedMapping> {
  const mapping = await findMapping<SavedMapping>(db, userId, name);
  if (mapping !== null) return mapping;
  const detail = 'is not the name of one of your mappings';
  throw problem('invalid-request', { errors: [{ parameter: 'mapping', detail }] });
}

export const importTrades = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/trades/import',
  id: 'importTrades',
  tag: 'trades',
  summary: 'Import a CSV or Excel file of an account',
  description: `The file is the body: this program's own export (\`GET …/trades.csv\`, or \`GET …/entries.csv\` with entries of every kind), or a file of ${OTHERS.slice(0, -1).join(', ')} or ${OTHERS.at(-1)}, recognised by its headings. Comma, tab or semicolon, or the one filled sheet of an Excel workbook (.xlsx, up to 32 MiB); UTF-8, EUC-KR (CP949), or UTF-16 with a byte order mark.

Every row is accounted for. Trades, deposits, withdrawals and income are booked; rows of one trade are booked together. A row that does not change the user's holdings is ignored, with the reason. A row that only the user can explain is undecided: once the file is booked it becomes a decision (\`GET …/decisions\`); \`unbooked\` says how much of each asset is missing until it is settled.

It is booked as a whole, in one transaction, or not at all: a rejected row holds the whole file back (422, naming lines and columns), unless \`skipRejected\` is set. A file may be sent again: what is already booked is a duplicate. Importing never duplicates another file, or what was booked through the API: a row is a duplicate if an entry has the same exchange id, or, where one of the two has no id, says the same within the precision of the coarser source (seconds, rounding, fills summed up). Rows that are only almost the same are booked and listed in \`nearMisses\`: do a dry run first. Rows without an id are numbered among equal rows, so two equal fills in a file are two fills.

Times of Upbit and Bithumb are in Korean time. A zone in a heading counts (\`Date(UTC+9)\`), and a \`tz\` that contradicts it is refused (422). Under Binance's heading \`Time\` times are in the zone that the file's name states; pass it as \`tz\`.

Numbers and times are read strictly: \`1,234\` is a thousand only in a file whose other numbers prove that the decimal mark is a point, and 3/4/2026 needs a date in the file that can only be one or the other, or \`dateOrder\`. Values that stay ambiguous are rejected, with both readings named, and so are all numbers with a point or comma in a file whose numbers contradict each other (\`0,5\` and \`60,000,000\`). Times before 2009 are rejected unless \`allowBefore2009\` is set. Epoch times may be in seconds or any smaller unit.

Trades at the same instant are booked in the order they happened. A file runs from the oldest trade to the newest, or in reverse if its times do. If all its times are equal, the order is the one in which each sale comes after its purchase, or else the one that the source is known to use. If the order cannot be determined and figures depend on it, nothing is booked (422) until \`order\` states it; the \`order\` of a dry run is \`null\` then. The column \`sequence\` of this program's own export takes precedence over all that.

Reasons are in English, or in Korean for an \`Accept-Language\` that prefers it (\`Content-Language\`); \`code\` and \`params\` are the same in every language.

One user can send \`UPLOADS_PER_USER\` files at once. They are booked one after the other: a file that has arrived waits up to 30 seconds for its turn, and is then refused with 429 or 503.

The channel \`imports:<portfolioId>\` of \`GET /v1/streams\` shows its progress, by \`importId\`.`,
  access: 'trades:write',
  params: portfolioParams,
  query: z.strictObject({
    dryRun: flag.describe('`true`: report on every row, and book nothing.'),
    skipRejected: flag.describe('`true`: book the other rows even if some are rejected.'),
    tz: zone.optional().meta({
      description:
        'IANA time zone or offset of times that do not state one; if omitted, the one that the source is known to use. Refused if it contradicts a heading.',
    }),
    decimal: z
      .enum(DECIMAL_MARKS)
      .optional()
      .describe('The decimal mark; needed only if no number in the file proves it.'),
    dateOrder: z
      .enum(DATE_ORDERS)
      .optional()
      .describe('The order of day, month and year; needed only if no date in the file proves it.'),
    allowBefore2009: flag.describe('`true`: accept times before 2009 as well.'),
    order: z
      .enum(ROW_ORDERS)
      .optional()
      .describe('Which way time runs in the file; needed only if the file does not show it.'),
    mapping: field
      .text(100)
      .optional()
      .describe('Name of the mapping to read the file with: see `POST /v1/import-mappings`.'),
    importId: z
      .uuid()
      .optional()
      .describe('Id for following the progress of this import; generated if omitted.'),
  }),
  consumes: 'csv',
  status: 201,
  otherStatuses: [
    { status: 200, description: 'Nothing was booked: a dry run, or everything was already booked.' },
  ],
  response: reportSchema,
  examples: {
    request:
      '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간\n2026-03-02 18:00:00,BTC,KRW,매수,0.015,89886000,1348290,674.145,1348964,2026-03-02 17:59:58\n',
  },
  problems: [
    'invalid-request',
    'not-found',
    'malformed-csv',
    'quota-exceeded',
    'unprocessable-entry',
    'rate-limited',
    'unavailable',
  ],
  async handler({ params, query, caller, ctx }, services) {
    const { db, clock, config, slots } = services;
    const language = readerLanguage(ctx);
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const mapping = query.mapping === undefined ? null : await mappingOf(db, caller.userId, query.mapping);
    const body = csvBody(ctx, config.IMPORT_LIMIT_MB * 2 ** 20, clock);
    const upload = slotOrProblem(() => slots.uploads.take(caller.userId));
    const importId = query.importId ?? newId(clock);
    const dryRun = query.dryRun === 'true';
    let answer: ImportAnswer;
    try {
      answer = await runImport(
        body,
        {
          booker: { portfolio, userId: caller.userId },
          importId,
          dryRun,
          skipRejected: query.skipRejected === 'true',
          zone: query.tz ?? (mapping?.tz === undefined ? null : zoneOf(mapping.tz)),
          format: mapping === null ? null : mappedFormat(columnMapping(mapping)),
          decimal: query.decimal ?? null,
          dateOrder: query.dateOrder ?? null,
          allowBefore2009: query.allowBefore2009 === 'true',
          turn: async () => {
            const slot = await slotInTime(slots.imports, caller.userId, TURN_MS);
            // Not earlier: at most as many files of a user wait as may be uploaded at once.
            upload.release();
            return slot;
          },
          order: query.order ?? null,
        },
        services,
      );
    } catch (error) {
      throw error instanceof Problem ? problemIn(language, error) : error;
    } finally {
      upload.release();
    }
    const { file, report, outcome } = answer;
    const items = report.items(outcome.firstRows, language);
    return new Reply(
      {
        importId,
        portfolioId: portfolio.id,
        dryRun,
        booked: outcome.booked,
        version: outcome.version,
        format: file.layout.format.name,
        encoding: file.encoding,
        timeZone: file.zone?.name ?? null,
        order: outcome.order,
        rows: report.rows,
        accepted: outcome.fresh,
        duplicates: outcome.duplicates,
        rejected: report.rejected,
        ignored: report.ignored,
        undecided: report.undecided,
        decisions: answer.openDecisions,
        entryRows: report.entryRows,
        unbooked: report.unbooked,
        unbookedTruncated: report.unbookedTruncated,
        unjoined: report.unjoined,
        unsummed: report.unsummed,
        preview: report.firstRead,
        nearMisses: [
          ...outcome.nearMisses,
          ...outcome.lostFees.first.map(({ line, entryId }) => ({ line, entryId, differs: 'fee' as const })),
        ].map(({ entryId, ...rest }) => ({ ...rest, tradeId: entryId })),
        items,
        truncated: items.length < report.rows,
      },
      { status: outcome.booked ? 201 : 200, headers: { 'Content-Language': language } },
    );
  },
});
