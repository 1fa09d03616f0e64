import { z } from 'zod';
import type { CsvColumn } from '../../lib/csv/csv-stream.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import type { HoldingBody } from '../../lib/schemas/holding-schema.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { CSV_RESPONSE, csvOf, csvQuery, nameFile } from '../http/csv-answer.ts';
import { endpoint } from '../http/endpoint.ts';
import { FIGURE_CSV_DESCRIPTION, plain } from '../http/figure-columns.ts';
import { holdingPage } from './holding-page.ts';
import { holdingsQuery } from './holdings.ts';
import { valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

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
  summary: 'The holdings of a portfolio, as a CSV file',
  description: FIGURE_CSV_DESCRIPTION,
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({ ...holdingsQuery, ...csvQuery(HOLDING) }),
  ...CSV_RESPONSE,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller, ctx }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    nameFile(ctx, 'holdings', calendarOf(portfolio.timeZone), { first: null, last: services.clock.now() });
    return await conditionalReply(await valuationBasis(services, portfolio, query), async () => {
      const { holdings } = await valuationOf(portfolio.id, query, services);
      const { items } = holdingPage(holdings(), { ...query, limit: Infinity });
      return await csvOf(items, { columns: HOLDING, ...query });
    });
  },
});
