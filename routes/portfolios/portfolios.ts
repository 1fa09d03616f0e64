import { z } from 'zod';
import { comparedAccounts } from '../../db/accounts/account-balances.ts';
import {
  deletePortfolio as removePortfolio,
  updatePortfolio as changePortfolio,
} from '../../db/ledger/portfolio-changes.ts';
import { createPortfolio as insertPortfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { listReadablePortfolios } from '../../db/users/shares.ts';
import { problem } from '../../lib/problem.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { changeLedger } from './ledger-change.ts';
import { ownPortfolio } from './portfolio-access.ts';
import {
  listedPortfolioSchema,
  portfolioBody,
  portfolioSchema,
  reconciliationBody,
  settings,
  simulated,
} from './portfolio-body.ts';

export const portfolioParams = z.strictObject({ portfolioId: field.portfolioId });

export const listPortfolios = endpoint({
  method: 'get',
  path: '/v1/portfolios',
  id: 'listPortfolios',
  tag: 'portfolios',
  summary: "The caller's portfolios, and those shared with the caller",
  access: 'read',
  query: z.strictObject({ limit: field.limit, cursor: field.cursor }),
  status: 200,
  response: field
    .listOf(listedPortfolioSchema)
    .meta({ id: 'PortfolioList', description: 'One page of the portfolios that the caller may read.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  async handler({ query, caller }, { db }) {
    const page = await listReadablePortfolios(db, caller.userId, query);
    const accounts = await comparedAccounts(
      db,
      page.items.map(({ id }) => id),
    );
    const items = page.items.map((portfolio) => ({
      ...portfolioBody(portfolio),
      ...reconciliationBody(accounts.get(portfolio.id)),
    }));
    return { items, nextCursor: page.nextCursor };
  },
});

export const createPortfolio = endpoint({
  method: 'post',
  path: '/v1/portfolios',
  id: 'createPortfolio',
  tag: 'portfolios',
  summary: 'Create a portfolio',
  access: 'trades:write',
  body: z
    .strictObject({
      name: settings.name,
      // It never changes, and there is no rate to a misspelt one.
      baseCurrency: field.asset
        .regex(/^[A-Z0-9]+$/, 'must be a currency such as KRW: capital letters and digits')
        .default('KRW')
        .describe('The currency of all figures; it never changes.'),
      costMethod: settings.costMethod.default('average'),
      timeZone: settings.timeZone.default('Asia/Seoul'),
      benchmark: settings.benchmark.optional(),
      cashMode: settings.cashMode.default('tracked'),
      simulated: simulated.default(false),
    })
    .meta({ id: 'PortfolioInput', description: 'A portfolio to create.' }),
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
  body: z
    .strictObject(settings)
    .partial()
    .meta({ id: 'PortfolioChange', description: 'The settings to change; the others stay.' }),
  status: 200,
  response: portfolioSchema,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, body, caller }, services) {
    const { db } = services;
    const { id } = await ownPortfolio(db, params.portfolioId, caller);
    const changed = await changeLedger(services, id, (options) => changePortfolio(db, id, body, options));
    if (changed === null) throw problem('not-found');
    return portfolioBody(changed.portfolio);
  },
});

export const deletePortfolio = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId',
  id: 'deletePortfolio',
  tag: 'portfolios',
  summary: 'Delete a portfolio with its ledger',
  description: 'It cannot be undone, so an API key cannot do it.',
  access: 'trades:write',
  credential: 'person',
  params: portfolioParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db, broker } = services;
    const { id } = await ownPortfolio(db, params.portfolioId, caller);
    await changeLedger(services, id, (options) => removePortfolio(db, id, options));
    await publishControl(broker, { type: 'portfolio-gone', portfolioId: id });
  },
});

export const portfolioEndpoints = [listPortfolios, createPortfolio, updatePortfolio, deletePortfolio];
