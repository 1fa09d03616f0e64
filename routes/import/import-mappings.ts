import { z } from 'zod';
import {
  deleteMapping,
  listMappings,
  MAX_MAPPINGS,
  saveMapping,
  type StoredMapping,
} from '../../db/import/import-mappings.ts';
import { newId } from '../../lib/id.ts';
import { DECIMAL_MARKS } from '../../lib/import/reading/amount.ts';
import { DATE_ORDERS, zoneOf } from '../../lib/import/reading/local-time.ts';
import {
  type ColumnMapping,
  MAPPED_COLUMNS,
  MAPPED_KINDS,
  type MappedColumn,
} from '../../lib/import/layouts/mapping.ts';
import { problem } from '../../lib/problem.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';

const heading = field.text(100);
const MAX_KINDS = 100;

function isZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

const DESCRIPTIONS: Record<MappedColumn, string> = {
  time: 'When it happened.',
  kind: 'What the row is: `kinds` says what the values mean; `buy`, `sell`, `deposit`, `withdrawal`, `reward`, `fee` and `rebate` need no entry there.',
  symbol: 'The market, such as BTC/KRW, BTC-KRW or BTC_KRW.',
  base: 'The base asset, in its own column.',
  quote: 'The quote asset, in its own column.',
  asset: 'What is deposited, withdrawn or received.',
  quantity: 'The quantity. A minus must agree with the kind: a sale or a withdrawal may have one.',
  price: 'Price of one unit of the base.',
  total: 'The total price, used if `price` is not mapped or empty.',
  feeAmount: 'The fee; `negativeFee` says what a negative one is.',
  feeCurrency: 'The currency of the fee; the quote currency if this is not mapped or empty.',
  externalId: "The source's own id.",
  orderId: 'Id of the order.',
  note: 'A note.',
};

const columns = z.strictObject({
  ...(Object.fromEntries(
    MAPPED_COLUMNS.map((name) => [name, heading.optional().describe(DESCRIPTIONS[name])]),
  ) as Record<MappedColumn, z.ZodOptional<typeof heading>>),
  time: heading.describe(DESCRIPTIONS.time),
  quantity: heading.describe(DESCRIPTIONS.quantity),
});

const shape = {
  name: field
    .text(100)
    .meta({ example: 'My broker', description: 'The name to refer to it by in an import; unique.' }),
  columns: columns
    .meta({ id: 'MappedColumns', description: 'The heading of each column that is read.' })
    .refine(
      ({ symbol, base, asset }) => (symbol ?? base ?? asset) !== undefined,
      'must name one of symbol, base and asset',
    ),
  kinds: z
    .record(z.string().max(50), z.enum(MAPPED_KINDS))
    .refine((kinds) => Object.keys(kinds).length <= MAX_KINDS, `must not have more than ${MAX_KINDS} values`)
    .default({})
    .describe(
      `What the values of the column \`kind\` stand for, at most ${MAX_KINDS}; \`nothing\`: the row moves nothing.`,
    ),
  defaultKind: z
    .enum(MAPPED_KINDS)
    .optional()
    .describe('The kind of rows whose kind is empty or not mapped; if omitted, they become decisions.'),
  exchange: field.exchange.meta({ example: 'broker', description: 'Where the entries come from.' }),
  quote: field.asset.optional().describe('The quote currency of trades that name only their base.'),
  tz: z
    .string()
    .max(64)
    .refine(isZone, 'must be an IANA time zone, or an offset such as +09:00')
    .optional()
    .meta({ example: 'Asia/Seoul', description: 'Time zone of times that do not state one.' }),
  decimal: z
    .enum(DECIMAL_MARKS)
    .optional()
    .describe('The decimal mark, for files in which no number proves it.'),
  dateOrder: z
    .enum(DATE_ORDERS)
    .optional()
    .describe('The order of day, month and year, for files in which no date proves it.'),
  negativeFee: z
    .enum(['fee', 'rebate'])
    .optional()
    .describe(
      'The meaning of a negative fee: a fee paid, or a rebate. If omitted, negative fees are rejected.',
    ),
};

const mappingInput = z
  .strictObject(shape)
  .meta({ id: 'ImportMappingInput', description: 'How to read a CSV file whose layout is not built in.' });

export type SavedMapping = Omit<z.output<typeof mappingInput>, 'name'>;

/** Converts a saved mapping to the reader's format. */
export function columnMapping(saved: SavedMapping): ColumnMapping {
  const { kinds, defaultKind = null, exchange, quote = null } = saved;
  const { decimal = null, dateOrder = null, negativeFee = null } = saved;
  const given = Object.entries(saved.columns).filter(([, name]) => name !== undefined);
  const read = { kinds, defaultKind, exchange, quote, decimal, dateOrder, negativeFee };
  return { columns: Object.fromEntries(given), ...read };
}

const mappingSchema = z
  .object({
    id: field.id.describe('Id of the mapping.'),
    ...shape,
    columns: columns.meta({ id: 'MappedColumns', description: 'The heading of each column that is read.' }),
    kinds: z
      .record(z.string(), z.enum(MAPPED_KINDS))
      .describe('What the values of the column `kind` stand for.'),
    createdAt: field.timestamp.describe('When it was first saved.'),
    updatedAt: field.timestamp.describe('When it was last saved.'),
  })
  .meta({ id: 'ImportMapping', description: 'How to read a CSV file whose layout is not built in.' });

function mappingBody(stored: StoredMapping<SavedMapping>): z.input<typeof mappingSchema> {
  const { id, name, mapping, createdAt, updatedAt } = stored;
  return { id, name, ...mapping, createdAt: field.isoTime(createdAt), updatedAt: field.isoTime(updatedAt) };
}

export const listImportMappings = endpoint({
  method: 'get',
  path: '/v1/import-mappings',
  id: 'listImportMappings',
  tag: 'trades',
  summary: "The caller's mappings of CSV files",
  access: 'read',
  status: 200,
  response: z
    .object({ items: z.array(mappingSchema).describe('All mappings, by name.') })
    .meta({ id: 'ImportMappingList', description: "The caller's mappings." }),
  problems: [],
  async handler({ caller }, { db }) {
    const mappings = await listMappings<SavedMapping>(db, caller.userId);
    return { items: mappings.map(mappingBody) };
  },
});

export const saveImportMapping = endpoint({
  method: 'post',
  path: '/v1/import-mappings',
  id: 'saveImportMapping',
  tag: 'trades',
  summary: 'Save a mapping for CSV files of another layout',
  description: `A mapping gives the heading of each column, and the meaning of the values in the column \`kind\`. An import refers to it by name (\`mapping=…\`); with \`dryRun=true\` the answer shows how the first rows are read. Saving under an existing name replaces that mapping. A user has at most ${MAX_MAPPINGS}.`,
  access: 'trades:write',
  // Room for every heading and every value of `kind`, with every letter escaped.
  bodyLimitKb: 64,
  body: mappingInput,
  status: 201,
  otherStatuses: [{ status: 200, description: 'A mapping with this name was replaced.' }],
  response: mappingSchema,
  examples: {
    request: {
      name: 'My broker',
      exchange: 'broker',
      columns: { time: 'Executed at', kind: 'Side', symbol: 'Market', quantity: 'Size', price: 'Price' },
      kinds: { K: 'buy', V: 'sell' },
      tz: 'Europe/Berlin',
    },
  },
  problems: ['invalid-request', 'quota-exceeded'],
  async handler({ body, caller }, { db, clock }) {
    const { name, ...mapping } = body;
    const { stored, isNew } = await saveMapping<SavedMapping>(db, caller.userId, {
      id: newId(clock),
      name,
      mapping,
      now: clock.now(),
    });
    return new Reply(mappingBody(stored), { status: isNew ? 201 : 200 });
  },
});

export const deleteImportMapping = endpoint({
  method: 'delete',
  path: '/v1/import-mappings/:mappingId',
  id: 'deleteImportMapping',
  tag: 'trades',
  summary: 'Delete a mapping',
  access: 'trades:write',
  params: z.strictObject({ mappingId: field.id.describe('Id of the mapping.') }),
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, { db }) {
    if (await deleteMapping(db, caller.userId, params.mappingId)) return;
    throw problem('not-found', { detail: 'There is no such mapping.' });
  },
});

export const importMappingEndpoints = [listImportMappings, saveImportMapping, deleteImportMapping];
