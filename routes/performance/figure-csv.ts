import { z } from 'zod';
import type { CsvColumn } from '../../lib/csv/csv-stream.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import type { PeriodBody } from '../../lib/schemas/period-schema.ts';
import { CSV_RESPONSE, csvOf, csvQuery, nameFile } from '../http/csv-answer.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { FIGURE_CSV_DESCRIPTION, plain } from '../http/figure-columns.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { periodList, periodsQuery } from './periods.ts';
import { seriesQuery, seriesTable } from './series-table.ts';

type PeriodItem = PeriodBody & { closed: boolean };

const PERIOD: CsvColumn<PeriodItem>[] = [
  plain('label', '기간', ({ label }) => label),
  plain('start', '시작', ({ start }) => start),
  plain('end', '끝', ({ end }) => end),
  plain('startEquity', '시작자산', ({ startEquity }) => startEquity),
  plain('endEquity', '마감자산', ({ endEquity }) => endEquity),
  plain('netFlows', '순입출금', ({ netFlows }) => netFlows),
  plain('pnl', '손익', ({ pnl }) => pnl),
  plain('rate', '수익률', ({ rate }) => rate),
  plain('realizedPnl.gross', '실현손익(수수료 전)', ({ realizedPnl }) => realizedPnl.gross),
  plain('realizedPnl.net', '실현손익', ({ realizedPnl }) => realizedPnl.net),
  plain('unrealizedChange', '평가손익증감', ({ unrealizedChange }) => unrealizedChange),
  plain('fees', '수수료', ({ fees }) => fees),
  plain('income', '기타수입', ({ income }) => income),
  plain('transferredPnl', '이전손익', ({ transferredPnl }) => transferredPnl),
  plain('closed', '마감여부', ({ closed }) => String(closed)),
];

export const exportPeriods = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/pnl/periods.csv',
  id: 'exportPnlPeriods',
  tag: 'pnl',
  summary: 'PnL by day, week, month or year, as a CSV file',
  description: FIGURE_CSV_DESCRIPTION,
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({ ...periodsQuery, ...csvQuery(PERIOD) }),
  ...CSV_RESPONSE,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller, ctx }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { items, interval, timeZone } = await periodList(services, portfolio, query);
    const [first] = items;
    const last = items.at(-1);
    nameFile(ctx, `pnl-${interval}`, calendarOf(timeZone), {
      first: first === undefined ? null : Date.parse(first.start),
      last: last === undefined ? services.clock.now() : Date.parse(last.end) - 1,
    });
    return await csvOf(items, { columns: PERIOD, ...query });
  },
});

interface SeriesRow {
  time: number;
  equity: string | null;
  contributions: string | null;
  pnl: string | null;
  benchmark: string | null;
}

const SERIES: CsvColumn<SeriesRow>[] = [
  plain('time', '시각', ({ time }) => field.isoTime(time)),
  plain('equity', '총자산', ({ equity }) => equity),
  plain('contributions', '순입금', ({ contributions }) => contributions),
  plain('pnl', '손익', ({ pnl }) => pnl),
  plain('benchmark', '벤치마크', ({ benchmark }) => benchmark),
];

export const exportSeries = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/series.csv',
  id: 'exportSeries',
  tag: 'pnl',
  summary: 'Equity, contributions and PnL over time, as a CSV file',
  description: FIGURE_CSV_DESCRIPTION,
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({ ...seriesQuery, ...csvQuery(SERIES) }),
  ...CSV_RESPONSE,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller, ctx }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { columns, meta } = await seriesTable(services, portfolio, query);
    const { t, equity, contributions, pnl, benchmark } = columns;
    const rows = t.map((time, index): SeriesRow => ({
      time,
      equity: equity[index] ?? null,
      contributions: contributions[index] ?? null,
      pnl: pnl[index] ?? null,
      benchmark: benchmark?.[index] ?? null,
    }));
    nameFile(ctx, `series-${meta.interval}`, calendarOf(meta.timeZone), {
      first: t[0] ?? null,
      last: t.at(-1) ?? services.clock.now(),
    });
    const usual = SERIES.filter(({ name }) => name !== 'benchmark' || benchmark !== undefined);
    return await csvOf(rows, { columns: usual, ...query });
  },
});
