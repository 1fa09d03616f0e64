import { z } from 'zod';
import type { CsvColumn } from '../../lib/csv/csv-stream.ts';
import type { HoldingBody } from '../../lib/pnl/valuation/holding-body.ts';
import type { PeriodBody } from '../../lib/pnl/performance/periods.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { CSV_RESPONSE, csvOf, csvQuery, nameFile } from '../http/csv-answer.ts';
import { derived } from '../http/conditional-answer.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { holdingPage } from './holding-page.ts';
import { holdingsQuery } from './holdings.ts';
import { periodList, periodsQuery } from '../performance/periods.ts';
import { valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';
import { seriesQuery, seriesTable } from '../performance/series-table.ts';

const DESCRIPTION = 'Times and decimals are as in JSON; what is not known is empty.';

function plain<T extends object>(name: string, korean: string, value: CsvColumn<T>['value']): CsvColumn<T> {
  return { name, korean, kind: 'plain', value };
}

const HOLDING: CsvColumn<HoldingBody>[] = [
  plain('asset', '자산', ({ asset }) => asset),
  plain('symbol', '종목', ({ symbol }) => symbol),
  plain('quantity', '수량', ({ quantity }) => quantity),
  plain('averagePrice', '평균단가', ({ averagePrice }) => averagePrice),
  plain('costBasis', '매입금액', ({ costBasis }) => costBasis),
  plain('markPrice', '현재가', ({ markPrice }) => markPrice),
  plain('markTime', '현재가시각', ({ markTime }) => markTime),
  plain('marketValue', '평가금액', ({ marketValue }) => marketValue),
  plain('weight', '비중', ({ weight }) => weight),
  plain('unrealizedPnl', '평가손익', ({ unrealizedPnl }) => unrealizedPnl),
  plain('unrealizedRate', '수익률', ({ unrealizedRate }) => unrealizedRate),
  plain('realizedPnl.gross', '실현손익(수수료 전)', ({ realizedPnl }) => realizedPnl.gross),
  plain('realizedPnl.net', '실현손익', ({ realizedPnl }) => realizedPnl.net),
];

export const exportHoldings = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/holdings.csv',
  id: 'exportHoldings',
  tag: 'portfolios',
  summary: 'What the portfolio holds, as a CSV file',
  description: DESCRIPTION,
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({ ...holdingsQuery, ...csvQuery(HOLDING) }),
  ...CSV_RESPONSE,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller, ctx }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    nameFile(ctx, 'holdings', calendarOf(portfolio.timeZone), { first: null, last: services.clock.now() });
    return await derived(await valuationBasis(services, portfolio, query), async () => {
      const { holdings } = await valuationOf(portfolio.id, query, services);
      const { items } = holdingPage(holdings(), { ...query, limit: Infinity });
      return await csvOf(items, { columns: HOLDING, ...query });
    });
  },
});

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
  plain('closed', '마감여부', ({ closed }) => String(closed)),
];

export const exportPeriods = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/pnl/periods.csv',
  id: 'exportPnlPeriods',
  tag: 'pnl',
  summary: 'PnL by day, week, month or year, as a CSV file',
  description: DESCRIPTION,
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
  description: DESCRIPTION,
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
