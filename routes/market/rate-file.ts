import type { Context } from 'koa';
import { z } from 'zod';
import { GENESIS } from '../../lib/epoch.ts';
import { DECIMAL_MARKS } from '../../lib/import/reading/amount.ts';
import { CellError } from '../../lib/import/reading/cell-error.ts';
import type { ColumnSpec } from '../../lib/import/reading/headings.ts';
import { DATE_ORDERS, zoneOf } from '../../lib/import/reading/local-time.ts';
import type { Row } from '../../lib/import/reading/row.ts';
import { readTable } from '../../lib/import/table.ts';
import type { Fixed } from '../../lib/money/money.ts';
import { type FieldError, problem } from '../../lib/problem.ts';
import * as field from '../../lib/schemas/fields.ts';
import { csvBody } from '../http/csv-body.ts';
import type { Services } from '../http/handler-services.ts';
import { queryProblem } from '../http/query-problem.ts';

/** Rows of a file: a business day's rate each, of several pairs for years. */
const MAX_ROWS = 20_000;
/** Faults that are told. */
const MAX_ERRORS = 20;
const MINUTE = 60_000;

const COLUMNS: ColumnSpec = {
  symbol: { headings: ['symbol', 'pair', '통화쌍'], optional: true },
  rate: { headings: ['rate', 'close', '환율', '매매기준율'], holds: 'number' },
  time: { headings: ['time', 'date', '일자', '날짜', '기준일'], holds: 'time' },
};

/** Parameters of a file. */
export const rateFileQuery = {
  symbol: field.symbol.optional().describe('CSV: the pair, for a file without a column `symbol`.'),
  tz: z
    .string()
    .max(64)
    .refine(isZone, 'must be an IANA time zone, or an offset such as +09:00')
    .optional()
    .meta({
      example: 'Asia/Seoul',
      description: 'CSV: the IANA time zone or offset of dates and of times that do not state one.',
    }),
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 08:30')
    .optional()
    .meta({
      example: '08:30',
      description:
        'CSV: the time of day, in `tz`, from which a rate given by its date alone holds; midnight if omitted.',
    }),
  decimal: z
    .enum(DECIMAL_MARKS)
    .optional()
    .describe('CSV: the decimal mark; needed only if no number in the file proves it.'),
  dateOrder: z
    .enum(DATE_ORDERS)
    .optional()
    .describe('CSV: the order of day, month and year; needed only if no date in the file proves it.'),
};

type RateFileQuery = z.output<z.ZodObject<typeof rateFileQuery>>;

export interface FileRate {
  symbol: string;
  rate: Fixed;
  time: number;
}

function isZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** @throws Problem 400 that names a parameter of files, given with a body that is none */
export function refuseFileQuery(query: RateFileQuery): void {
  const [parameter] = Object.keys(query);
  if (parameter !== undefined) throw queryProblem({ parameter, detail: 'is for CSV only' });
}

/** @throws Problem `malformed-csv`, 413, or 400 that names line and column of what cannot be read */
export async function readRateFile(
  { ctx, query }: { ctx: Context; query: RateFileQuery },
  { config, clock }: Services,
): Promise<{ items: FileRate[] }> {
  const { symbol, tz, at = '00:00', decimal = null, dateOrder = null } = query;
  const body = csvBody(ctx, config.BODY_LIMIT_KB * 1_024, clock);
  const latest = clock.now() - MINUTE;
  const rows = await readTable(body.chunks, COLUMNS, {
    charset: body.charset,
    zone: tz === undefined ? null : zoneOf(tz),
    decimal,
    dateOrder,
    timeOfDay: ` ${at}`,
    earliest: GENESIS,
    latest: latest + 86_400_000,
    maxRows: MAX_ROWS,
  });
  const items: FileRate[] = [];
  const errors: FieldError[] = [];
  const lines = new Map<string, number>();
  for (const row of rows) {
    try {
      const item = rateOf(row, { symbol, latest });
      const key = `${item.symbol} ${item.time}`;
      const twin = lines.get(key);
      if (twin !== undefined) throw row.error('time', 'wrong-value', `is also that of line ${twin}`);
      lines.set(key, row.line);
      items.push(item);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      const { column, code, params, detail } = error;
      errors.push({ line: row.line, column, code, params, detail });
      if (errors.length >= MAX_ERRORS) break;
    }
  }
  if (errors.length > 0) throw problem('invalid-request', { errors });
  return { items };
}

/** @throws CellError */
function rateOf(
  row: Row,
  { symbol: given, latest }: { symbol: string | undefined; latest: number },
): FileRate {
  const stated = row.text('symbol') === '' ? given : row.text('symbol');
  if (stated === undefined) throw row.error('symbol', 'empty', 'is empty: say the pair as `symbol`');
  const symbol = field.symbol.safeParse(stated);
  if (!symbol.success) throw row.error('symbol', 'not-a-pair', 'must be base/quote such as USD/KRW');
  if (given !== undefined && symbol.data !== given)
    throw row.error('symbol', 'wrong-value', `contradicts \`symbol\`, which is ${given}`);
  const rate = field.positiveAmount.safeParse(row.number('rate'));
  if (!rate.success) throw row.error('rate', 'wrong-value', rate.error.issues[0]?.message ?? 'is no rate');
  const time = row.time('time');
  if (time % MINUTE !== 0) throw row.error('time', 'wrong-value', 'must be the start of a minute');
  if (time > latest) throw row.error('time', 'wrong-value', 'must be a minute that is over');
  return { symbol: symbol.data, rate: rate.data, time };
}
