import { z } from 'zod';
import { endUserSession, listUserSessions } from '../../db/users/sessions.ts';
import { problem } from '../../lib/problem.ts';
import * as field from '../../lib/schemas/fields.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { noteAudit } from '../http/audit-trail.ts';
import { endpoint } from '../http/endpoint.ts';

const sessionSchema = z
  .object({
    id: field.id.describe('Id of the session.'),
    userAgent: z
      .string()
      .describe('The `User-Agent` of its log-in; empty if it sent none, or the session is an old one.'),
    isCurrent: z.boolean().describe('Whether this request belongs to it.'),
    createdAt: field.timestamp.describe('When it began, with a log-in.'),
    lastUsedAt: field.timestamp.describe('When its tokens were last renewed.'),
    expiresAt: field.timestamp.describe('When it expires unless it is used before.'),
  })
  .meta({ id: 'Session', description: 'A log-in on a device.' });

const listSessions = endpoint({
  method: 'get',
  path: '/v1/auth/sessions',
  id: 'listSessions',
  tag: 'auth',
  summary: "The caller's sessions: where they are logged in",
  access: 'account',
  credential: 'person',
  status: 200,
  response: z
    .object({ items: z.array(sessionSchema).describe('The sessions, the one used last first.') })
    .meta({ id: 'SessionList', description: "The caller's sessions that have not ended." }),
  async handler({ caller }, { db, clock }) {
    const sessions = await listUserSessions(db, caller.userId, { clock });
    return {
      items: sessions.map(({ id, userAgent, createdAt, lastUsedAt, expiresAt }) => ({
        id,
        userAgent,
        isCurrent: id === caller.sessionId,
        createdAt: field.isoTime(createdAt),
        lastUsedAt: field.isoTime(lastUsedAt),
        expiresAt: field.isoTime(expiresAt),
      })),
    };
  },
});

const endSession = endpoint({
  method: 'delete',
  path: '/v1/auth/sessions/:sessionId',
  id: 'endSession',
  tag: 'auth',
  summary: "End one of the caller's sessions: its tokens and its streams",
  access: 'account',
  credential: 'person',
  params: z.strictObject({ sessionId: field.id.describe('Id of the session.') }),
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller, ctx }, services) {
    const { db, clock, broker } = services;
    const { userId } = caller;
    const { sessionId } = params;
    if (!(await endUserSession(db, { id: sessionId, userId }, { clock }))) {
      throw problem('not-found', { detail: 'You have no such session, or it has ended.' });
    }
    await publishControl(broker, { type: 'session-revoked', sessionId });
    await noteAudit(ctx, services, { type: 'logout', actorId: userId, userId, details: { sessionId } });
  },
});

export const sessionEndpoints = [listSessions, endSession];
