import { z } from 'zod';
import { joinedPlace, joinEntries, partEntries } from '../../db/ledger/links/joins.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { entryParams } from './entries.ts';

export const joinEntry = endpoint({
  method: 'put',
  path: '/v1/portfolios/:portfolioId/entries/:entryId/joined',
  id: 'joinEntry',
  tag: 'entries',
  summary: 'Join a withdrawal with the deposit it arrived as',
  description:
    'Both must be of the same asset, and no more may arrive than left. Within one portfolio they only move assets: lots, dates and cost are kept, and no money comes in or goes out.\n\nThe deposit may be in another portfolio of the same owner, in the same base currency. Then the lots move there with their dates and cost, whatever the cost method of either portfolio. Nothing is realised. In the performance of both, the coins count as external money at their value when they left, even if the price changes on the way; their gain up to then is in `transferredPnl`, with opposite signs, so that it cancels out across the two portfolios.\n\nWhat left and did not arrive is the fee, which leaves at cost. Every later figure is restated, in both portfolios, and again when an earlier entry changes; separating them restores the figures.',
  access: 'trades:write',
  params: entryParams,
  body: z
    .strictObject({
      depositId: field.id.describe('Id of the deposit.'),
      portfolioId: field.portfolioId
        .optional()
        .describe('The portfolio that the deposit is in, if it is another one.'),
    })
    .meta({ id: 'EntryJoin', description: 'What a withdrawal is joined with.' }),
  status: 204,
  response: null,
  examples: { request: { depositId: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80' } },
  problems: ['invalid-request', 'not-found', 'conflict'],
  async handler({ params, body, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const other = await writablePortfolio(db, body.portfolioId ?? portfolio.id, caller);
    const pair = {
      withdrawal: { portfolioId: portfolio.id, id: params.entryId },
      deposit: { portfolioId: other.id, id: body.depositId },
    };
    await changeLedger(services, portfolio.id, (options) => joinEntries(db, pair, options));
  },
});

export const partEntry = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/entries/:entryId/joined',
  id: 'partEntry',
  tag: 'entries',
  summary: 'Separate a withdrawal from the deposit it is joined with',
  description:
    'Name either of the two. Afterwards both are external flows again. If they are in two portfolios, the caller must be able to change both.',
  access: 'trades:write',
  params: entryParams,
  status: 204,
  response: null,
  problems: ['not-found', 'conflict'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const entry = { portfolioId: portfolio.id, id: params.entryId };
    const other = await joinedPlace(db, entry);
    if (other !== null) await writablePortfolio(db, other.portfolioId, caller);
    await changeLedger(services, portfolio.id, (options) => partEntries(db, entry, options));
  },
});
