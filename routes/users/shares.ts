import { z } from 'zod';
import {
  grantShare,
  listShares as selectShares,
  revokeShare as removeShare,
  type Share,
  SHARE_ACCESS,
} from '../../db/users/shares.ts';
import { recordAudit } from '../../db/users/audit.ts';
import { findCredentials, getUser } from '../../db/users/users.ts';
import { problem } from '../../lib/problem.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { originOf } from '../http/audit-trail.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { ownPortfolio } from '../portfolios/portfolio-access.ts';

const access = z
  .enum(SHARE_ACCESS)
  .describe('`read`: see everything, including streams. `write`: also change the ledger.');

const share = z
  .object({
    userId: field.userId,
    email: z.string().describe("The user's e-mail address."),
    name: z.union([z.string(), z.null()]).describe("The user's name; `null`: none."),
    access,
    createdAt: field.timestamp.describe('When the user was invited.'),
    acceptedAt: z
      .union([field.timestamp, z.null()])
      .describe('When the invitation was accepted; `null`: not yet, and the user sees nothing.'),
  })
  .meta({ id: 'Share', description: 'A user whom a portfolio is shared with, or who is invited.' });

function shareBody({ createdAt, acceptedAt, ...rest }: Share): z.input<typeof share> {
  return {
    ...rest,
    createdAt: field.isoTime(createdAt),
    acceptedAt: acceptedAt === null ? null : field.isoTime(acceptedAt),
  };
}

export const listShares = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/shares',
  id: 'listShares',
  tag: 'portfolios',
  summary: 'The users whom a portfolio is shared with, and those invited; for its owner',
  access: 'account',
  credential: 'person',
  params: z.strictObject({ portfolioId: field.portfolioId }),
  query: z.strictObject({ limit: field.limit, cursor: field.cursor }),
  status: 200,
  response: field
    .listOf(share)
    .meta({ id: 'ShareList', description: 'One page of the shares and invitations of a portfolio.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, { db }) {
    const { id } = await ownPortfolio(db, params.portfolioId, caller);
    const page = await selectShares(db, id, query);
    return { items: page.items.map(shareBody), nextCursor: page.nextCursor };
  },
});

export const putShare = endpoint({
  method: 'put',
  path: '/v1/portfolios/:portfolioId/shares',
  id: 'putShare',
  tag: 'portfolios',
  summary: 'Invite a user to a portfolio, or change how it is shared',
  description:
    '`read` lets the user see everything, including streams. `write` also allows booking, changing and removing trades and transfers. Settings, shares and deletion stay with the owner. Name the user by id or by e-mail address. The user finds the invitation in `GET /v1/invitations` and sees the portfolio after accepting it. Changing the access of an accepted share needs no new invitation.',
  access: 'account',
  credential: 'person',
  params: z.strictObject({ portfolioId: field.portfolioId }),
  body: z
    .strictObject({
      userId: field.id.optional().describe('Id of the user to invite; give this or `email`.'),
      email: field
        .text(254)
        .optional()
        .describe('E-mail address of the user to invite, in any case; give this or `userId`.'),
      access,
    })
    .refine(({ userId, email }) => (userId === undefined) !== (email === undefined), {
      message: 'must be given, or `email`, but not both',
      path: ['userId'],
    })
    .meta({ id: 'ShareInput', description: 'Whom to share a portfolio with, and with which access.' }),
  status: 200,
  response: share,
  examples: { request: { email: 'partner@example.com', access: 'read' } },
  problems: ['invalid-request', 'not-found', 'quota-exceeded'],
  async handler({ params, body, caller, ctx }, { db, clock, config }) {
    const portfolio = await ownPortfolio(db, params.portfolioId, caller);
    const pointer = body.email === undefined ? '/userId' : '/email';
    const refuse = (detail: string) => problem('invalid-request', { errors: [{ pointer, detail }] });
    const user =
      body.email === undefined
        ? await getUser(db, body.userId ?? '')
        : ((await findCredentials(db, body.email))?.user ?? null);
    if (user === null || user.disabledAt !== null) throw refuse('does not name a user of this server');
    if (user.id === portfolio.userId) throw refuse('names the owner, who has full access already');
    const granted = await db.transaction(async (trx) => {
      const wanted = { userId: user.id, access: body.access };
      const result = await grantShare(trx, portfolio.id, wanted, { clock, limit: config.SHARES_PER_USER });
      const details = { portfolioId: portfolio.id, access: body.access };
      const draft = { type: 'share-granted', actorId: caller.userId, userId: user.id, details } as const;
      await recordAudit(trx, draft, originOf(ctx), { clock });
      return result;
    });
    return shareBody(granted);
  },
});

export const deleteShare = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/shares/:userId',
  id: 'deleteShare',
  tag: 'portfolios',
  summary:
    "End a share and the user's streams of the portfolio, or withdraw an invitation; for the owner and for that user",
  access: 'account',
  credential: 'person',
  params: z.strictObject({ portfolioId: field.portfolioId, userId: field.userId }),
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller, ctx }, { db, clock, broker }) {
    const { portfolioId, userId } = params;
    // A share may always be declined.
    if (userId !== caller.userId) await ownPortfolio(db, portfolioId, caller);
    const wasShared = await db.transaction(async (trx) => {
      if (!(await removeShare(trx, portfolioId, userId))) return false;
      const details = { portfolioId };
      const draft = { type: 'share-revoked', actorId: caller.userId, userId, details } as const;
      await recordAudit(trx, draft, originOf(ctx), { clock });
      return true;
    });
    if (!wasShared) throw problem('not-found', { detail: 'There is no such portfolio.' });
    await publishControl(broker, { type: 'share-revoked', portfolioId, userId });
  },
});

export const shareEndpoints = [listShares, putShare, deleteShare];
