import { z } from 'zod';
import { givenId } from '../../db/ledger/entries/entry-identity.ts';
import { ensureCurrent } from '../../db/ledger/positions/past-states.ts';
import type { ExportedTrade } from '../../db/trades/trade-export.ts';
import type { CsvColumn } from '../../lib/csv/csv-stream.ts';
import { joinTags } from '../../lib/csv/tag-list.ts';
import { SEQUENCE_HEADING, TRADE_HEADINGS, type TradeColumn } from '../../lib/csv/trade-headings.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import { CSV_RESPONSE, csvQuery, nameFile, streamedCsv } from '../http/csv-answer.ts';
import { Conditional, endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { slotOrProblem } from '../http/slot-problems.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { firstEntryTime } from '../performance/portfolio-history.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { tradeFilterOf, tradeFilterQuery, tradeOrderQuery } from './trade-filter.ts';

type Cells = Omit<CsvColumn<ExportedTrade>, 'name' | 'korean'>;

function plain(value: Cells['value']): Cells {
  return { kind: 'plain', value };
}

function text(value: Cells['value']): Cells {
  return { kind: 'text', value };
}

/** The columns that an import reads back. */
const CELLS: Record<TradeColumn, Cells> = {
  time: plain(({ time }) => field.isoTime(time)),
  exchange: text(({ exchange }) => exchange),
  symbol: plain(({ base, quote }) => `${base}/${quote}`),
  side: plain(({ side }) => side),
  type: plain(({ type }) => type),
  quantity: plain(({ quantity }) => quantity),
  price: plain(({ price }) => price),
  feeAmount: plain(({ fee }) => fee),
  feeCurrency: plain(({ fee_currency: currency }) => currency),
  externalId: text(({ external_id: externalId }) => givenId(externalId)),
  orderId: text(({ order_id: orderId }) => orderId),
  note: text(({ note }) => note),
  tags: text(({ tags }) => joinTags(tags)),
};

const USUAL = Object.entries(TRADE_HEADINGS).map(([name, korean]) => ({
  name,
  korean,
  ...CELLS[name as TradeColumn],
}));

/** The results of the trade: figures in the base currency. */
const FIGURES: CsvColumn<ExportedTrade>[] = [
  { name: 'id', korean: 'ID', ...plain(({ id }) => id) },
  { name: 'value', korean: '환산금액', ...plain(({ value }) => value) },
  { name: 'feeValue', korean: '환산수수료', ...plain(({ fee_value: value }) => value) },
  { name: 'realizedPnl.gross', korean: '실현손익(수수료 전)', ...plain(({ gross }) => gross) },
  { name: 'realizedPnl.net', korean: '실현손익', ...plain(({ net }) => net) },
  { name: 'sequence', korean: SEQUENCE_HEADING, ...plain(({ sequence }) => sequence) },
  { name: 'createdAt', korean: '등록시각', ...plain(({ created_at: time }) => field.isoTime(time)) },
  { name: 'updatedAt', korean: '수정시각', ...plain(({ updated_at: time }) => field.isoTime(time)) },
];

export const exportTrades = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/trades.csv',
  id: 'exportTrades',
  tag: 'trades',
  summary: 'The fills of a portfolio as a CSV file',
  description:
    'The whole list of trades with the same filter and order, however long. Times and decimals are written as in JSON; unknown values are empty. Without `columns` it has the columns that `POST …/trades/import` reads, so that it can be imported into another portfolio. With the column `sequence`, an import restores the order of the trades however the file is sorted. A cell that a spreadsheet would run as a formula begins with an apostrophe, which an import removes.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...tradeFilterQuery,
    ...tradeOrderQuery,
    ...csvQuery([...USUAL, ...FIGURES]),
  }),
  ...CSV_RESPONSE,
  problems: ['invalid-request', 'not-found', 'rate-limited', 'unavailable'],
  async handler({ params, query, caller, ctx }, services) {
    const { db, clock, slots, readTrades } = services;
    const { sort, order = sort === 'symbol' ? 'asc' : 'desc', bom, lang, columns = USUAL, ...given } = query;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const filter = tradeFilterOf(given, portfolio);
    const { id, timeZone, version } = portfolio;
    nameFile(ctx, 'trades', calendarOf(query.tz ?? timeZone), {
      first: filter.from ?? (await firstEntryTime(db, id)),
      last: filter.to === undefined ? clock.now() : filter.to - 1,
    });
    return new Conditional(`${version} ${timeZone}`, async () => {
      const { release } = slotOrProblem(() => slots.exports.take(caller.userId));
      try {
        await ensureCurrent(db, id);
      } catch (error) {
        release();
        throw error;
      }
      const pages = readTrades(db, id, filter, { sort, order });
      return await streamedCsv(pages, { columns, lang, bom }, { clock, release });
    });
  },
});
