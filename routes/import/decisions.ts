import { z } from 'zod';
import {
  chooseOption,
  getDecision,
  listDecisions,
  releaseOption,
  settleDecision,
  type StoredDecision,
} from '../../db/import/import-decisions.ts';
import { bookEntries } from '../../db/ledger/ledger.ts';
import { COUNTED } from '../../db/ledger/entries/entry-identity.ts';
import { withTransaction } from '../../db/ledger/entries/stored-entry.ts';
import { rateNeeds, withRates } from '../../db/ledger/rates/entry-rates.ts';
import { rateTable } from '../../db/ledger/rates/rates.ts';
import { problem } from '../../lib/problem.ts';
import { sentenceAbout } from '../../lib/sentence.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { joinSureTransfers } from '../portfolios/sure-transfers.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { readablePortfolio, writablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { decisionBody, decisionSchema } from './decision-body.ts';
import { draftOf } from './import-entry.ts';
import { readerLanguage } from './reader-language.ts';

export const listImportDecisions = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/decisions',
  id: 'listDecisions',
  tag: 'trades',
  summary: 'Decisions that imported files leave open',
  description:
    'Rows of imported files that only the user can explain, each with the possible meanings and what would be booked for them.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    status: z.enum(['open', 'settled']).default('open').describe('Open decisions, or settled ones.'),
    limit: field.limit,
    cursor: z.string().max(1000).optional().describe(field.CURSOR),
  }),
  status: 200,
  response: field
    .listOf(decisionSchema)
    .meta({ id: 'ImportDecisionList', description: 'One page of decisions.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller, ctx }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const page = await listDecisions(services.db, portfolio.id, query);
    const language = readerLanguage(ctx);
    const items = page.items.map((decision) => decisionBody(decision, language));
    return new Reply({ items, nextCursor: page.nextCursor }, { headers: { 'Content-Language': language } });
  },
});

export const settleImportDecision = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/decisions/:decisionId',
  id: 'settleDecision',
  tag: 'trades',
  summary: 'Settle a decision: book one of its options',
  description:
    'Idempotent: the same option again changes nothing; a different one is refused (409). `nothing` books no entry.',
  access: 'trades:write',
  params: portfolioParams.extend({ decisionId: field.id.describe('Id of the decision.') }),
  body: z
    .strictObject({
      option: z.string().min(1).max(100).meta({
        description: 'The `id` of one of its options.',
        example: 'income',
      }),
    })
    .meta({ id: 'DecisionChoice', description: 'How a decision is settled.' }),
  status: 200,
  response: decisionSchema,
  examples: { request: { option: 'income' } },
  problems: ['invalid-request', 'not-found', 'conflict', 'quota-exceeded', 'unprocessable-entry'],
  async handler({ params, body, caller, ctx }, services) {
    const { db, clock, config } = services;
    const language = readerLanguage(ctx);
    const answer = (decision: StoredDecision) =>
      new Reply(decisionBody(decision, language), { headers: { 'Content-Language': language } });
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const asked = await getDecision(db, portfolio.id, params.decisionId);
    if (asked === null) throw noDecision();
    if (!asked.options.some(({ id }) => id === body.option)) {
      const ids = asked.options.map(({ id }) => id).join(', ');
      throw problem('unprocessable-entry', {
        detail: `The option must be one of ${ids}.`,
        errors: [{ pointer: '/option', detail: `must be one of ${ids}` }],
      });
    }
    const decision = await chooseOption(db, portfolio.id, params.decisionId, body.option);
    if (decision === null) throw noDecision();
    const { choice, status, key } = decision;
    if (choice !== body.option) {
      throw problem('conflict', {
        detail: `The decision was settled before, with the option ${choice ?? ''}.`,
      });
    }
    if (status === 'settled') return answer(decision);
    const chosen = decision.options.find(({ id }) => id === body.option);
    const terms = {
      now: clock.now(),
      tagLimit: config.TAGS_PER_ENTRY,
      baseCurrency: portfolio.baseCurrency,
      allowBefore2009: true,
    };
    const entryIds: string[] = [];
    try {
      const drafts = (chosen?.entries ?? []).map((entry, index) => {
        const made = draftOf(
          { ...entry, externalId: entry.externalId ?? `${COUNTED}${key}:${index}` },
          terms,
        );
        if ('draft' in made) return made.draft;
        const { path, detail } = made.fault;
        throw problem('unprocessable-entry', {
          detail: sentenceAbout(`The \`${path.join('/')}\` of an entry`, detail),
        });
      });
      if (drafts.length > 0) {
        const rate = await rateTable(db, portfolio, drafts.flatMap(rateNeeds));
        const rated = drafts.map((draft) => withRates(draft, ({ asset, time }) => rate(asset, time)));
        const booked = await changeLedger(services, portfolio.id, async (options) => {
          const settled = await bookEntries(db, portfolio.id, rated, {
            ...options,
            tagLimit: config.TAGS_PER_PORTFOLIO,
            assetLimit: config.ASSETS_PER_PORTFOLIO,
          });
          const ids = withTransaction(settled.outcomes.map(({ entry }) => entry));
          const booker = { portfolio, userId: caller.userId };
          return await joinSureTransfers(services, booker, { booked: settled, ids }, options);
        });
        entryIds.push(...booked.outcomes.map(({ entry }) => entry.id));
      }
    } catch (error) {
      await releaseOption(db, portfolio.id, decision.id, body.option);
      throw error;
    }
    await settleDecision(db, portfolio.id, decision.id, { entryIds, now: clock.now() });
    const settled = await getDecision(db, portfolio.id, decision.id);
    if (settled === null) throw noDecision();
    return answer(settled);
  },
});

function noDecision(): Error {
  return problem('not-found', { detail: 'There is no such decision.' });
}

export const decisionEndpoints = [listImportDecisions, settleImportDecision];
