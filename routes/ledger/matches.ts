import { z } from 'zod';
import {
  acceptMatch,
  acceptSureMatches,
  COMPARED_MOVEMENTS,
  JOINED_AT_ONCE,
  listMatches,
  type MatchScope,
  type OfferedMatch,
  type Pair,
  portfoliosOf,
  rejectMatch,
} from '../../db/ledger/links/offered-matches.ts';
import type { Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { siblingsOf } from '../../db/users/shares.ts';
import { decimal } from '../../lib/money/money.ts';
import { MATCH_REASONS } from '../../lib/pnl/ledger/transfer-matches.ts';
import { problem } from '../../lib/problem.ts';
import type { Database } from '../../db/connection/database.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { readablePortfolio, writablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';

const matchId = z
  .string()
  .meta({ example: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80.0198c5a1-02d4-7a51-8c36-5e6f70819203' });
const matchParams = portfolioParams.extend({ matchId: matchId.describe('Id of the match.') });

const place = z.union([z.string(), z.null()]);
const side = z.object({
  id: field.id.describe('Id of the entry.'),
  portfolioId: field.portfolioId.describe('The portfolio that it is in.'),
  time: field.timestamp.describe('When it happened.'),
  quantity: field.decimal.describe('Units of the asset.'),
  account: place.describe('The exchange account or wallet; `null`: not given.'),
  exchange: place.describe('Where the entry comes from; `null`: not given.'),
  txid: place.describe('Id of the transaction on the chain; `null`: not given.'),
});

const matchSchema = z
  .object({
    id: matchId.describe('Id of the match, made of the ids of its withdrawal and its deposit.'),
    sure: z
      .boolean()
      .describe(
        'Whether neither entry fits any other, and both name the same transaction or have the same quantity.',
      ),
    reason: z
      .enum(MATCH_REASONS)
      .describe(
        'Why the two may belong together: both name the same transaction (`txid`), or the deposit came to another or an unknown place, from 10 minutes before the withdrawal to 72 hours after it, with the same quantity (`quantity`) or at most 5 % less (`quantity-less-fee`). Pairs that fit for one reason are not compared for a later one.',
      ),
    asset: field.asset.describe('What was moved.'),
    withdrawal: side.describe('What went out.'),
    deposit: side.describe('What came in.'),
    fee: field.decimal.describe('Units of the asset that left and did not arrive.'),
    candidates: z
      .object({
        deposits: z.int().describe('How many deposits fit the withdrawal.'),
        withdrawals: z.int().describe('How many withdrawals fit the deposit.'),
      })
      .describe('How many entries fit for the same reason, including those of this match.'),
  })
  .meta({
    id: 'TransferMatch',
    description: 'A withdrawal and a deposit that it may have arrived as.',
  });

type MatchBody = z.input<typeof matchSchema>;

function matchBody({ withdrawal, deposit, reason, sure, deposits, withdrawals }: OfferedMatch): MatchBody {
  return {
    id: idOf({ withdrawal, deposit }),
    sure,
    reason,
    asset: withdrawal.asset,
    withdrawal: sideBody(withdrawal),
    deposit: sideBody(deposit),
    fee: decimal(withdrawal.entry.quantity - deposit.entry.quantity),
    candidates: { deposits, withdrawals },
  };
}

function sideBody({ entry }: OfferedMatch['deposit']): MatchBody['deposit'] {
  return {
    id: entry.id,
    portfolioId: entry.portfolioId,
    time: new Date(entry.time).toISOString(),
    quantity: decimal(entry.quantity),
    account: entry.account ?? null,
    exchange: entry.exchange === '' ? null : entry.exchange,
    txid: entry.txid ?? null,
  };
}

function idOf({ withdrawal, deposit }: Pick<OfferedMatch, 'withdrawal' | 'deposit'>): string {
  return `${withdrawal.id}.${deposit.id}`;
}

/** @throws Problem `not-found` for an invalid id */
function pairOf(id: string): Pair {
  const [withdrawalId = '', depositId = '', ...rest] = id.split('.');
  if (rest.length > 0 || ![withdrawalId, depositId].every((part) => field.id.safeParse(part).success)) {
    throw problem('not-found', { detail: 'There is no such match.' });
  }
  return { withdrawalId, depositId };
}

interface Scope extends MatchScope {
  /** Portfolios whose entries the caller may match. */
  writable: ReadonlySet<string>;
}

async function scopeOf(db: Database, portfolio: Portfolio, userId: string): Promise<Scope> {
  const siblings = await siblingsOf(db, portfolio, userId);
  const writable = siblings.filter((each) => each.writable).map(({ id }) => id);
  return {
    portfolio,
    others: siblings.map(({ id }) => id),
    writable: new Set([portfolio.id, ...writable]),
  };
}

/** @throws Problem `forbidden` for a match with a portfolio that the caller may only read */
async function assertWritable(db: Database, scope: Scope, pair: Pair): Promise<void> {
  const ends = await portfoliosOf(db, scope, pair);
  if (ends === null || [ends.withdrawal, ends.deposit].every((id) => scope.writable.has(id))) return;
  throw problem('forbidden', {
    detail:
      'One of the two portfolios is shared with you for reading only. Ask its owner for write access to it.',
  });
}

const listTransferMatches = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/transfers/matches',
  id: 'listTransferMatches',
  tag: 'transfers',
  summary: 'Withdrawals and the deposits they may have arrived as',
  description: `The newest withdrawal first, with the ten deposits nearest in time. A withdrawal and a deposit that name the same transaction are joined when the later of them is booked, if no third entry of the owner names it, exactly what left less the stated fee arrived, from 10 minutes before to 72 hours after, and the caller may change both portfolios; their entries say so (\`joinedBy\`). Separate them to undo it, and reject the match that is offered then. Nothing else is joined until it is accepted, not even other sure matches. One of the two entries is in this portfolio; the other may be in another portfolio of its owner, with the same base currency, that the caller may read.\n\nCompares the newest ${COMPARED_MOVEMENTS} deposits and withdrawals that are neither joined nor confirmed. The base currency is left out: cash goes to and from a bank, and equal amounts prove nothing.`,
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    limit: field.limit,
    cursor: z.string().max(1000).optional().describe(field.CURSOR),
  }),
  status: 200,
  response: field
    .listOf(matchSchema)
    .extend({
      complete: z
        .boolean()
        .describe(
          `Whether all deposits and withdrawals were compared. If there are more than ${COMPARED_MOVEMENTS}, no match counts as sure.`,
        ),
    })
    .meta({ id: 'TransferMatchList', description: 'One page of matches.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const scope = await scopeOf(services.db, portfolio, caller.userId);
    const { items, nextCursor, complete } = await listMatches(services.db, scope, query);
    return { items: items.map(matchBody), nextCursor, complete };
  },
});

const acceptTransferMatch = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers/matches/:matchId/accept',
  id: 'acceptTransferMatch',
  tag: 'transfers',
  summary: 'Join the withdrawal and the deposit of a match',
  description:
    'Does the same as joining the two entries by hand; separating them undoes it. Idempotent: nothing changes if they are already joined.',
  access: 'trades:write',
  params: matchParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const pair = pairOf(params.matchId);
    const scope = await scopeOf(db, portfolio, caller.userId);
    await assertWritable(db, scope, pair);
    await changeLedger(services, portfolio.id, (options) => acceptMatch(db, scope, pair, options));
  },
});

const acceptSureTransferMatches = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers/matches/accept-sure',
  id: 'acceptSureTransferMatches',
  tag: 'transfers',
  summary: 'Join the withdrawals and deposits of all sure matches',
  description: `At most ${JOINED_AT_ONCE} at once, as one change of each ledger, the newest first. Call it again while \`remaining\` is not 0.`,
  access: 'trades:write',
  params: portfolioParams,
  status: 200,
  response: z
    .object({
      accepted: z.array(matchId).describe('Ids of the matches that were accepted.'),
      remaining: z.int().describe('How many sure matches remain.'),
    })
    .meta({ id: 'AcceptedMatches', description: 'Which matches were accepted.' }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const scope = await scopeOf(db, portfolio, caller.userId);
    const { accepted, remaining } = await changeLedger(services, portfolio.id, (options) =>
      acceptSureMatches(db, scope, scope.writable, options),
    );
    return { accepted: accepted.map(idOf), remaining };
  },
});

const rejectTransferMatch = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers/matches/:matchId/reject',
  id: 'rejectTransferMatch',
  tag: 'transfers',
  summary: 'Reject a match: the withdrawal and the deposit do not belong together',
  description:
    'The match is not offered again, and the two no longer count as candidates for each other. They can still be joined by hand. Idempotent.',
  access: 'trades:write',
  params: matchParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, { db, clock }) {
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const pair = pairOf(params.matchId);
    const scope = await scopeOf(db, portfolio, caller.userId);
    await assertWritable(db, scope, pair);
    await rejectMatch(db, scope, pair, { now: clock.now() });
  },
});

export const matchEndpoints = [
  listTransferMatches,
  acceptSureTransferMatches,
  acceptTransferMatch,
  rejectTransferMatch,
];
