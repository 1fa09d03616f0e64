import { z } from 'zod';
import { recordAudit } from '../../db/users/audit.ts';
import { getPortfolio } from '../../db/ledger/portfolios/portfolios.ts';
import {
  acceptInvitation as acceptShare,
  declineInvitation as declineShare,
  findShare,
  type Invitation,
  listInvitations as selectInvitations,
  SHARE_ACCESS,
} from '../../db/users/shares.ts';
import type { AuditType } from '../../lib/audit-event.ts';
import { problem } from '../../lib/problem.ts';
import { originOf } from '../http/audit-trail.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { portfolioBody, portfolioSchema } from '../portfolios/portfolio-body.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';

const invitation = z
  .object({
    portfolioId: field.portfolioId,
    portfolioName: z.string().describe('The name that its owner gave it.'),
    access: z
      .enum(SHARE_ACCESS)
      .describe('What accepting it allows: `read`, or `write` to change the ledger too.'),
    from: z
      .object({
        userId: field.userId,
        email: z.string().describe("The owner's e-mail address."),
        name: z.union([z.string(), z.null()]).describe("The owner's name; `null`: none."),
      })
      .describe('The owner of the portfolio, who offers it.'),
    createdAt: field.timestamp.describe('When the invitation was made.'),
  })
  .meta({ id: 'Invitation', description: 'An offer to share a portfolio.' });

function invitationBody({ portfolio, access, from, createdAt }: Invitation): z.input<typeof invitation> {
  return {
    portfolioId: portfolio.id,
    portfolioName: portfolio.name,
    access,
    from,
    createdAt: field.isoTime(createdAt),
  };
}

function noSuchInvitation() {
  return problem('not-found', { detail: 'There is no such invitation.' });
}

export const listInvitations = endpoint({
  method: 'get',
  path: '/v1/invitations',
  id: 'listInvitations',
  tag: 'portfolios',
  summary: 'Portfolios that others offer to share with the caller',
  description: 'The caller sees a portfolio only after accepting the invitation.',
  access: 'account',
  credential: 'person',
  query: z.strictObject({ limit: field.limit, cursor: field.cursor }),
  status: 200,
  response: field
    .listOf(invitation)
    .meta({ id: 'InvitationList', description: 'One page of the open invitations of the caller.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  async handler({ query, caller }, { db }) {
    const page = await selectInvitations(db, caller.userId, query);
    return { items: page.items.map(invitationBody), nextCursor: page.nextCursor };
  },
});

export const acceptInvitation = endpoint({
  method: 'post',
  path: '/v1/invitations/:portfolioId/accept',
  id: 'acceptInvitation',
  tag: 'portfolios',
  summary: 'Accept an invitation: the caller can use the portfolio from now on',
  description: 'To leave it again, end the share: `DELETE /v1/portfolios/{portfolioId}/shares/{userId}`.',
  access: 'account',
  credential: 'person',
  params: portfolioParams,
  status: 200,
  response: portfolioSchema,
  problems: ['not-found'],
  async handler({ params, caller, ctx }, { db, clock }) {
    const { portfolioId } = params;
    const { userId } = caller;
    return await db.transaction(async (trx) => {
      if (!(await acceptShare(trx, portfolioId, userId, { clock }))) throw noSuchInvitation();
      await recordAudit(trx, answer('share-accepted', userId, portfolioId), originOf(ctx), { clock });
      const portfolio = await getPortfolio(trx, portfolioId);
      const access = await findShare(trx, portfolioId, userId);
      if (portfolio === null || access === null) throw noSuchInvitation();
      return portfolioBody({ ...portfolio, access });
    });
  },
});

export const declineInvitation = endpoint({
  method: 'delete',
  path: '/v1/invitations/:portfolioId',
  id: 'declineInvitation',
  tag: 'portfolios',
  summary: 'Decline an invitation',
  access: 'account',
  credential: 'person',
  params: portfolioParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller, ctx }, { db, clock }) {
    const { portfolioId } = params;
    const { userId } = caller;
    await db.transaction(async (trx) => {
      if (!(await declineShare(trx, portfolioId, userId))) throw noSuchInvitation();
      await recordAudit(trx, answer('share-revoked', userId, portfolioId), originOf(ctx), { clock });
    });
  },
});

function answer(type: AuditType, userId: string, portfolioId: string) {
  return { type, actorId: userId, userId, details: { portfolioId } };
}

export const invitationEndpoints = [listInvitations, acceptInvitation, declineInvitation];
