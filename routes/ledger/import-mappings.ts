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
import * as field from '../http/fields.ts';

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
  kind: 'What it is: `kinds` says what its values stand for; buy, sell, deposit, withdrawal and income do so by themselves.',
  symbol: 'The market, such as BTC/KRW, BTC-KRW or BTC_KRW.',
  base: 'What is bought or sold, in a column of its own.',
  quote: 'What it is paid with, in a column of its own.',
  asset: 'What is deposited, withdrawn or received.',
  quantity: 'How much; a sign is not looked at.',
  price: 'Price of one unit of the base.',
  total: 'Price of all of it: read where `price` is not mapped or empty.',
  feeAmount: 'How much the fee was; a sign is not looked at.',
  feeCurrency: 'What the fee is paid in: the quote if it is not mapped or empty.',
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
  name: field.text(100).meta({ example: 'My broker', description: 'What an import names it by; unique.' }),
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
    .describe('What a row is whose kind is empty or not mapped; left out: it is asked about.'),
  exchange: field.text(50).meta({ example: 'broker', description: 'Where the entries come from.' }),
  quote: field.asset.optional().describe('What every trade is paid with that names only its base.'),
  tz: z
    .string()
    .max(64)
    .refine(isZone, 'must be an IANA time zone, or an offset such as +09:00')
    .optional()
    .meta({ example: 'Asia/Seoul', description: 'Time zone of times that do not name theirs.' }),
  decimal: z
    .enum(DECIMAL_MARKS)
    .optional()
    .describe('The decimal mark of files in which no number proves it.'),
  dateOrder: z
    .enum(DATE_ORDERS)
    .optional()
    .describe('Day, month and year in files in which no date proves their order.'),
};

const mappingInput = z
  .strictObject(shape)
  .meta({ id: 'ImportMappingInput', description: 'How a CSV file of a layout that is not known is read.' });

export type SavedMapping = Omit<z.output<typeof mappingInput>, 'name'>;

/** As the reader takes it. */
export function columnMapping(saved: SavedMapping): ColumnMapping {
  const { kinds, defaultKind = null, exchange, quote = null, decimal = null, dateOrder = null } = saved;
  const given = Object.entries(saved.columns).filter(([, name]) => name !== undefined);
  return { columns: Object.fromEntries(given), kinds, defaultKind, exchange, quote, decimal, dateOrder };
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
  .meta({ id: 'ImportMapping', description: 'How a CSV file of a layout that is not known is read.' });

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
    .object({ items: z.array(mappingSchema).describe('All of them, by name.') })
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
  summary: 'Save how a CSV file of another layout is read',
  description: `A mapping says which column holds what, under which heading, and what the values of the column \`kind\` stand for. An import names it (\`mapping=…\`), and with \`dryRun=true\` its answer shows how the first rows are read. A name that is taken is saved anew. At most ${MAX_MAPPINGS} of one user.`,
  access: 'trades:write',
  // Every heading and every value of `kind`, with every letter escaped.
  bodyLimitKb: 64,
  body: mappingInput,
  status: 201,
  otherStatuses: [{ status: 200, description: 'A mapping of this name was replaced.' }],
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
