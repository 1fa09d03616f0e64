import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { seriesSchema } from './series-schema.ts';
import { seriesQuery, seriesTable } from './series-table.ts';

export const getSeries = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/series',
  id: 'getSeries',
  tag: 'pnl',
  summary: 'Equity, contributions and PnL over time, for charts',
  description:
    'At `from`, at the beginning of every interval after it, and at `to` (now, valued live, if omitted). Without `from` the series begins with the first entry, and has at most 5000 instants. Minutes and hours are those of UTC. With `interval=minute` the moments in between at which equity was published to a stream are included.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...seriesQuery,
    format: z
      .enum(['points', 'columns'])
      .default('columns')
      .describe('`points`: `[[t, v], …]` of one metric. `columns`: one array for each figure.'),
  }),
  status: 200,
  untagged: ['asOf'],
  response: seriesSchema,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { metric } = query;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { meta, columns } = await seriesTable(services, portfolio, query);
    if (query.format === 'columns') return { ...meta, columns };
    const points = columns.t.map((time, index): [number, string | null] => [
      time,
      columns[metric][index] ?? null,
    ]);
    return { ...meta, metric, points };
  },
});
