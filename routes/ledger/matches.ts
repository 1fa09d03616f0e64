import { z } from 'zod';
import {
  acceptMatch,
  acceptSureMatches,
  COMPARED_MOVEMENTS,
  JOINED_AT_ONCE,
  listMatches,
  type OfferedMatch,
  type Pair,
  rejectMatch,
} from '../../db/ledger/offered-matches.ts';
import { decimal } from '../../lib/money/money.ts';
import { MATCH_REASONS } from '../../lib/pnl/ledger/transfer-matches.ts';
import { problem } from '../../lib/problem.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
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
  time: field.timestamp.describe('When it happened.'),
  quantity: field.decimal.describe('Units of the asset.'),
  account: place.describe('The exchange account or wallet; `null` if not told.'),
  exchange: place.describe('Where the entry comes from; `null` if not told.'),
  txid: place.describe('Id of the transaction on the chain; `null` if not told.'),
});

const matchSchema = z
  .object({
    id: matchId.describe('Id of the match: those of its withdrawal and its deposit.'),
    sure: z
      .boolean()
      .describe(
        'Neither entry fits another one, and both name one transaction or the quantities are the same.',
      ),
    reason: z
      .enum(MATCH_REASONS)
      .describe(
        'Why the two may belong together: both name one transaction (`txid`), or the deposit came to another or an unknown place, from 10 minutes before the withdrawal to 72 hours after it, with the same quantity (`quantity`) or at most 5 % less (`quantity-less-fee`). What fits for one reason is not compared for a later one.',
      ),
    asset: field.asset.describe('What was moved.'),
    withdrawal: side.describe('What went out.'),
    deposit: side.describe('What came in.'),
    fee: field.decimal.describe('Units of the asset that have left and not arrived.'),
    candidates: z
      .object({
        deposits: z.int().describe('How many deposits fit the withdrawal.'),
        withdrawals: z.int().describe('How many withdrawals fit the deposit.'),
      })
      .describe('How many entries fit for the same reason, those of this match included.'),
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
    fee: decimal(withdrawal.quantity - deposit.quantity),
    candidates: { deposits, withdrawals },
  };
}

function sideBody({ entry }: OfferedMatch['deposit']): MatchBody['deposit'] {
  return {
    id: entry.id,
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

/** @throws Problem `not-found` for what is no id of a match */
function pairOf(id: string): Pair {
  const [withdrawalId = '', depositId = '', ...rest] = id.split('.');
  if (rest.length > 0 || ![withdrawalId, depositId].every((part) => field.id.safeParse(part).success)) {
    throw problem('not-found', { detail: 'There is no such match.' });
  }
  return { withdrawalId, depositId };
}

const listTransferMatches = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/transfers/matches',
  id: 'listTransferMatches',
  tag: 'transfers',
  summary: 'Withdrawals and the deposits that they may have arrived as',
  description: `The newest withdrawal first, with the ten deposits nearest in time. Nothing is joined until it is accepted, sure or not.\n\nThe newest ${COMPARED_MOVEMENTS} deposits and withdrawals are compared that are neither joined nor confirmed. The base currency is left out: money goes to and from a bank, and equal amounts say nothing.`,
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
          `Whether all deposits and withdrawals were compared. If there are more than ${COMPARED_MOVEMENTS}, no match is sure.`,
        ),
    })
    .meta({ id: 'TransferMatchList', description: 'A page of matches.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { items, nextCursor, complete } = await listMatches(services.db, portfolio, query);
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
    'As joining the two entries by hand does; parting them undoes it. Idempotent: nothing changes if they are joined with each other already.',
  access: 'trades:write',
  params: matchParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    await changeLedger(services, portfolio.id, (options) =>
      acceptMatch(db, portfolio.id, pairOf(params.matchId), options),
    );
  },
});

const acceptSureTransferMatches = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers/matches/accept-sure',
  id: 'acceptSureTransferMatches',
  tag: 'transfers',
  summary: 'Join the withdrawals and deposits of all sure matches',
  description: `At most ${JOINED_AT_ONCE} at once, as one change of the ledger, the newest first. Call it again while \`remaining\` is not 0.`,
  access: 'trades:write',
  params: portfolioParams,
  status: 200,
  response: z
    .object({
      accepted: z.array(matchId).describe('Ids of the matches that were accepted.'),
      remaining: z.int().describe('How many sure matches are left.'),
    })
    .meta({ id: 'AcceptedMatches', description: 'Which matches were accepted.' }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const { accepted, remaining } = await changeLedger(services, portfolio.id, (options) =>
      acceptSureMatches(db, portfolio.id, options),
    );
    return { accepted: accepted.map(idOf), remaining };
  },
});

const rejectTransferMatch = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers/matches/:matchId/reject',
  id: 'rejectTransferMatch',
  tag: 'transfers',
  summary: 'Say that the withdrawal and the deposit of a match do not belong together',
  description:
    'The match is not offered again, and the two count no longer as candidates for each other. They can still be joined by hand. Idempotent.',
  access: 'trades:write',
  params: matchParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, { db, clock }) {
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    await rejectMatch(db, portfolio.id, pairOf(params.matchId), { now: clock.now() });
  },
});

export const matchEndpoints = [
  listTransferMatches,
  acceptSureTransferMatches,
  acceptTransferMatch,
  rejectTransferMatch,
];
