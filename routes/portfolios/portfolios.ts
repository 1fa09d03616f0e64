import { z } from 'zod';
import {
  createPortfolio as insertPortfolio,
  deletePortfolio as removePortfolio,
  type Portfolio,
  updatePortfolio as changePortfolio,
} from '../../db/ledger/portfolios.ts';
import { listReadablePortfolios, type PortfolioAccess } from '../../db/users/shares.ts';
import { isTimeZone } from '../../lib/pnl/performance/calendar.ts';
import { CASH_MODES, COST_METHODS } from '../../lib/pnl/ledger/entry.ts';
import { problem } from '../../lib/problem.ts';
import { portfolioLog } from '../../streams/core/broker.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { announce } from '../../streams/portfolio/announce.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { ownPortfolio } from './portfolio-access.ts';

export const timeZone = z
  .string()
  .refine(isTimeZone, 'must be an IANA time zone such as Asia/Seoul')
  .meta({ example: 'Asia/Seoul' });

const settings = {
  name: field.text(100).meta({ example: 'Long term' }),
  costMethod: z.enum(COST_METHODS),
  timeZone,
  benchmark: z.union([field.symbol, z.null()]),
  cashMode: z.enum(CASH_MODES),
};

export const portfolioSchema = z
  .object({
    id: field.id,
    ...settings,
    name: z.string(),
    baseCurrency: field.asset,
    access: z.enum(['owner', 'read', 'write']).meta({
      description: 'What the caller may do: see, also change the ledger, or everything.',
    }),
    version: z.int().meta({ description: 'Counts the changes of the ledger.' }),
    createdAt: field.timestamp,
    updatedAt: field.timestamp,
  })
  .meta({ id: 'Portfolio' });

/** What a portfolio is compared with unless another symbol is named. */
export function benchmarkOf({ benchmark, baseCurrency }: Portfolio): string | null {
  return benchmark ?? (baseCurrency === 'BTC' ? null : `BTC/${baseCurrency}`);
}

export function portfolioBody(
  portfolio: Portfolio & { access?: PortfolioAccess },
): z.input<typeof portfolioSchema> {
  const { id, name, baseCurrency, costMethod, cashMode, version } = portfolio;
  return {
    id,
    name,
    baseCurrency,
    costMethod,
    timeZone: portfolio.timeZone,
    benchmark: benchmarkOf(portfolio),
    cashMode,
    access: portfolio.access ?? 'owner',
    version,
    createdAt: field.isoTime(portfolio.createdAt),
    updatedAt: field.isoTime(portfolio.updatedAt),
  };
}

export const portfolioParams = z.strictObject({ portfolioId: field.id });

export const listPortfolios = endpoint({
  method: 'get',
  path: '/v1/portfolios',
  id: 'listPortfolios',
  tag: 'portfolios',
  summary: "The caller's portfolios, and those shared with the caller",
  access: 'read',
  query: z.strictObject({ limit: field.limit, cursor: z.string().max(500).optional() }),
  status: 200,
  response: field.listOf(portfolioSchema),
  problems: ['invalid-request', 'invalid-cursor'],
  async handler({ query, caller }, { db }) {
    const page = await listReadablePortfolios(db, caller.userId, query);
    return { items: page.items.map(portfolioBody), nextCursor: page.nextCursor };
  },
});

export const createPortfolio = endpoint({
  method: 'post',
  path: '/v1/portfolios',
  id: 'createPortfolio',
  tag: 'portfolios',
  summary: 'Create a portfolio',
  access: 'trades:write',
  body: z.strictObject({
    name: settings.name,
    baseCurrency: field.asset.default('KRW'),
    costMethod: settings.costMethod.default('average'),
    timeZone: settings.timeZone.default('Asia/Seoul'),
    benchmark: settings.benchmark.optional(),
    cashMode: settings.cashMode.default('tracked'),
  }),
  status: 201,
  response: portfolioSchema,
  examples: { request: { name: 'Long term', baseCurrency: 'KRW' } },
  problems: ['invalid-request', 'quota-exceeded'],
  async handler({ body, caller }, { db, clock, config }) {
    const created = await insertPortfolio(
      db,
      caller.userId,
      { ...body, benchmark: body.benchmark ?? null },
      { clock, limit: config.PORTFOLIOS_PER_USER },
    );
    return portfolioBody(created);
  },
});

export const updatePortfolio = endpoint({
  method: 'patch',
  path: '/v1/portfolios/:portfolioId',
  id: 'updatePortfolio',
  tag: 'portfolios',
  summary: 'Change settings; another cost method or cash mode restates every figure',
  access: 'trades:write',
  params: portfolioParams,
  body: z.strictObject(settings).partial(),
  status: 200,
  response: portfolioSchema,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, body, caller }, services) {
    const { db, clock } = services;
    const before = await ownPortfolio(db, params.portfolioId, caller);
    const changed = await changePortfolio(db, before.id, body, { clock });
    if (changed === null) throw problem('not-found');
    if (changed.version !== before.version) {
      await announce(services, portfolioLog(before.id), [
        { type: 'transfer', change: 'changed', version: changed.version },
      ]);
    }
    return portfolioBody(changed);
  },
});

export const deletePortfolio = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId',
  id: 'deletePortfolio',
  tag: 'portfolios',
  summary: 'Delete a portfolio with its ledger',
  description: 'Nothing brings it back, so it takes a person: an API key cannot do this.',
  access: 'trades:write',
  credential: 'person',
  params: portfolioParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, { db, broker }) {
    const portfolio = await ownPortfolio(db, params.portfolioId, caller);
    await removePortfolio(db, portfolio.id);
    await publishControl(broker, { type: 'portfolio-gone', portfolioId: portfolio.id });
  },
});

export const portfolioEndpoints = [listPortfolios, createPortfolio, updatePortfolio, deletePortfolio];
