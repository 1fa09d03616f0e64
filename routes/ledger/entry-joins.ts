import { z } from 'zod';
import { joinEntries, partEntries } from '../../db/ledger/joins.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { entryParams } from './entries.ts';

export const joinEntry = endpoint({
  method: 'put',
  path: '/v1/portfolios/:portfolioId/entries/:entryId/joined',
  id: 'joinEntry',
  tag: 'entries',
  summary: 'Join a withdrawal with the deposit that it arrived as',
  description:
    'Both are in this portfolio and of the same asset, and no more arrives than has left. Joined, they only change the place: lots, dates and cost stay, no money goes in or out, and what has left and not arrived is the fee, which leaves at cost. Every figure after it is restated; parting them restates it back.',
  access: 'trades:write',
  params: entryParams,
  body: z
    .strictObject({ depositId: field.id.describe('Id of the deposit.') })
    .meta({ id: 'EntryJoin', description: 'What a withdrawal is joined with.' }),
  status: 204,
  response: null,
  examples: { request: { depositId: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80' } },
  problems: ['invalid-request', 'not-found', 'conflict'],
  async handler({ params, body, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const pair = { withdrawalId: params.entryId, depositId: body.depositId };
    await changeLedger(services, portfolio.id, (options) => joinEntries(db, portfolio.id, pair, options));
  },
});

export const partEntry = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/entries/:entryId/joined',
  id: 'partEntry',
  tag: 'entries',
  summary: 'Part a withdrawal and the deposit that it is joined with',
  description: 'Either of the two may be named. They are external flows again.',
  access: 'trades:write',
  params: entryParams,
  status: 204,
  response: null,
  problems: ['not-found', 'conflict'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    await changeLedger(services, portfolio.id, (options) =>
      partEntries(db, portfolio.id, params.entryId, options),
    );
  },
});
