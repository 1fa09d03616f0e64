import { z } from 'zod';
import { eachEntryPage } from '../../db/ledger/entries/entries.ts';
import { givenId } from '../../db/ledger/entries/entry-identity.ts';
import { networkFeeOf } from '../../db/ledger/entries/entry-row.ts';
import { isTokenChange, type StoredEntry } from '../../db/ledger/entries/stored-entry.ts';
import type { CsvColumn } from '../../lib/csv/csv-stream.ts';
import { joinTags } from '../../lib/csv/tag-list.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import { CSV_RESPONSE, csvQuery, nameFile, streamedCsv } from '../http/csv-answer.ts';
import { Conditional, endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { slotOrProblem } from '../http/slot-problems.ts';
import { firstEntryTime } from '../performance/portfolio-history.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { entriesQuery, storedKinds } from './entries.ts';

type Column = CsvColumn<StoredEntry>;

function plain(name: string, korean: string, value: Column['value']): Column {
  return { name, korean, kind: 'plain', value };
}

function text(name: string, korean: string, value: Column['value']): Column {
  return { name, korean, kind: 'text', value };
}

/** The sources of a conversion in one cell: `ETH 0.5; BNB 0.01 = 3.2`, the last with the quantity received for it. */
function sourcesText(entry: StoredEntry): string | null {
  if (isTokenChange(entry)) return `${entry.from} ${decimal(entry.per)}`;
  if (entry.kind !== 'convert') return null;
  return entry.sources
    .map(({ asset, quantity, received }) =>
      [asset, decimal(quantity), ...(received === null ? [] : ['=', decimal(received)])].join(' '),
    )
    .join('; ');
}

function feeOf(entry: StoredEntry): { amount: bigint; currency: string } | null {
  if (entry.kind === 'withdrawal') return networkFeeOf(entry);
  return 'fee' in entry ? entry.fee : null;
}

const COLUMNS: Column[] = [
  plain('time', '시각', ({ time }) => field.isoTime(time)),
  plain('kind', '종류', ({ kind }) => (kind === 'income' ? 'reward' : kind)),
  plain('subtype', '세부종류', (entry) => ('subtype' in entry ? (entry.subtype ?? null) : null)),
  text('exchange', '거래소', ({ exchange }) => exchange),
  text('account', '계정', ({ account }) => account ?? null),
  text('toAccount', '받는계정', (entry) => (entry.kind === 'transfer' ? entry.toAccount : null)),
  plain('symbol', '종목', (entry) => (entry.kind === 'trade' ? `${entry.base}/${entry.quote}` : null)),
  plain('side', '매매구분', (entry) => (entry.kind === 'trade' ? entry.side : null)),
  plain('asset', '자산', (entry) => (entry.kind === 'trade' ? null : entry.asset)),
  plain('quantity', '수량', ({ quantity }) => decimal(quantity)),
  plain('price', '가격', (entry) => (entry.kind === 'trade' ? decimal(entry.price) : null)),
  plain('from', '전환원본', sourcesText),
  plain('unitCost', '단가', (entry) => ('unitCost' in entry ? decimalOrNull(entry.unitCost) : null)),
  plain('feeAmount', '수수료', (entry) => decimalOrNull(feeOf(entry)?.amount ?? null)),
  plain('feeCurrency', '수수료통화', (entry) => feeOf(entry)?.currency ?? null),
  text('txid', '트랜잭션ID', (entry) => ('txid' in entry ? (entry.txid ?? null) : null)),
  text('reason', '사유', (entry) => ('reason' in entry ? (entry.reason ?? null) : null)),
  plain('joinedWith', '연결ID', (entry) => ('joinedWith' in entry ? (entry.joinedWith ?? null) : null)),
  plain('confirmed', '확정', (entry) => ('confirmed' in entry && entry.confirmed === true ? 'true' : null)),
  text('externalId', '외부ID', ({ externalId }) => givenId(externalId)),
  text('orderId', '주문ID', ({ orderId }) => orderId),
  plain('type', '주문유형', (entry) => (entry.kind === 'trade' ? entry.orderType : null)),
  text('note', '메모', ({ note }) => note),
  text('tags', '태그', ({ tags }) => joinTags(tags)),
  plain('sequence', '순번', ({ sequence }) => sequence?.toString() ?? null),
  plain('id', 'ID', ({ id }) => id),
];

export const exportEntries = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/entries.csv',
  id: 'exportEntries',
  tag: 'entries',
  summary: 'The ledger as a CSV file: entries of every kind',
  description:
    'The complete list of entries with the same filter and order, however long. Times and decimals are as in JSON; what an entry does not have is empty. `from` has the sources of a conversion, as `ETH 0.5; BNB 0.01 = 3.2`: asset and quantity, and after `=` what was received for it. For a rename or redenomination, `quantity` units of `asset` replaced those in `from`; for a fork, `from` has the asset that was held, and the share of its cost that moved. `joinedWith` has the `id` of the other half of an own transfer. An import (`POST …/trades/import`) can read the file again, unless `columns` leaves some out. A cell that a spreadsheet would run as a formula begins with an apostrophe.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({ ...entriesQuery, ...csvQuery(COLUMNS) }),
  ...CSV_RESPONSE,
  problems: ['invalid-request', 'not-found', 'rate-limited', 'unavailable'],
  async handler({ params, query, caller, ctx }, services) {
    const { db, clock, slots } = services;
    const { bom, lang, columns = COLUMNS, kind, ...filter } = query;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { id, timeZone, version } = portfolio;
    nameFile(ctx, 'entries', calendarOf(timeZone), {
      first: filter.from ?? (await firstEntryTime(db, id)),
      last: filter.to === undefined ? clock.now() : filter.to - 1,
    });
    return new Conditional(`${version} ${timeZone}`, async () => {
      const { release } = slotOrProblem(() => slots.exports.take(caller.userId));
      const pages = eachEntryPage(db, id, { ...filter, kinds: storedKinds(kind) });
      return await streamedCsv(pages, { columns, lang, bom }, { clock, release });
    });
  },
});
