import { z } from 'zod';
import { recordAudit } from '../../db/users/audit.ts';
import { revokeUserSessions } from '../../db/users/sessions.ts';
import { createUser, getPasswordHash, getUser, holdCredentials, updateUser } from '../../db/users/users.ts';
import { checkPassword, hashPassword } from '../../lib/tokens/password.ts';
import { problem } from '../../lib/problem.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { noteAudit, originOf } from '../http/audit-trail.ts';
import { clearSessionCookies } from '../auth/cookies.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { beginProof } from '../auth/login-attempts.ts';
import { assertPassword, newPassword } from './new-password.ts';
import { userName } from './user-fields.ts';
import { beginSession, tokensSchema } from '../auth/session-tokens.ts';

export const register = endpoint({
  method: 'post',
  path: '/v1/auth/register',
  id: 'register',
  tag: 'auth',
  summary: 'Register as a trader and log in',
  description: 'Only if the server is configured with `REGISTRATION=open`.',
  access: 'public',
  limit: 'login',
  body: z
    .strictObject({ email: field.email, password: newPassword, name: userName.default(null) })
    .meta({ id: 'Registration', description: 'A user to register.' }),
  status: 201,
  response: tokensSchema,
  examples: { request: { email: 'trader@example.com', password: 'correct horse battery' } },
  problems: ['invalid-request', 'forbidden', 'conflict'],
  async handler({ body, ctx }, services) {
    const { db, clock, config } = services;
    if (config.REGISTRATION !== 'open') {
      throw problem('forbidden', {
        detail: 'Registration is closed. Ask an administrator to create a user for you.',
      });
    }
    assertPassword(body.password, body.email, '/password');
    const passwordHash = await hashPassword(body.password);
    const user = await db.transaction(async (trx) => {
      const made = await createUser(trx, { ...body, passwordHash, role: 'trader' }, { clock });
      const details = { role: made.role };
      const draft = { type: 'user-created', actorId: made.id, userId: made.id, details } as const;
      await recordAudit(trx, draft, originOf(ctx), { clock });
      return made;
    });
    const { body: tokens, headers } = await beginSession(ctx, services, { user, passwordHash });
    await noteAudit(ctx, services, { type: 'login', actorId: user.id, userId: user.id });
    return new Reply(tokens, { status: 201, headers });
  },
});

export const changePassword = endpoint({
  method: 'post',
  path: '/v1/auth/password',
  id: 'changePassword',
  tag: 'auth',
  summary: 'Change the password; every other session ends',
  description: 'API keys stay valid: they do not depend on the password.',
  access: 'account',
  credential: 'person',
  limit: 'login',
  body: z
    .strictObject({
      currentPassword: z
        .string()
        .min(1)
        .max(200)
        .meta({ format: 'password', description: 'The current password.' }),
      newPassword,
    })
    .meta({ id: 'PasswordChange', description: 'The current password and the one to replace it.' }),
  status: 204,
  response: null,
  examples: { request: { currentPassword: 'correct horse battery', newPassword: 'staple of nine letters' } },
  problems: ['invalid-request'],
  async handler({ body, caller, ctx }, services) {
    const { db, clock, broker } = services;
    const { userId } = caller;
    const proof = await beginProof(ctx, services, caller);
    const user = await getUser(db, userId);
    const current = await getPasswordHash(db, userId);
    // Not a 401: the token is valid, and a client must not take this for the end of its session.
    const wrong = problem('invalid-request', {
      errors: [{ pointer: '/currentPassword', detail: 'is not the current password' }],
    });
    if (!(await checkPassword(current, body.currentPassword)) || user === null || current === null)
      throw wrong;
    await proof.succeeded();
    assertPassword(body.newPassword, user.email, '/newPassword');
    const passwordHash = await hashPassword(body.newPassword);
    const ended = await db.transaction(async (trx) => {
      // The second of two concurrent changes was authorised by a password that is no longer current.
      if (!(await holdCredentials(trx, { id: userId, passwordHash: current }))) throw wrong;
      await updateUser(trx, userId, { passwordHash });
      const ids = await revokeUserSessions(trx, userId, { clock, keep: caller.sessionId });
      await recordAudit(trx, { type: 'password-changed', actorId: userId, userId }, originOf(ctx), { clock });
      return ids;
    });
    await publishControl(
      broker,
      ...ended.map((sessionId) => ({ type: 'session-revoked' as const, sessionId })),
    );
  },
});

export const logoutEverywhere = endpoint({
  method: 'post',
  path: '/v1/auth/logout-everywhere',
  id: 'logoutEverywhere',
  tag: 'auth',
  summary: 'End all sessions of the user, including this one, with their tokens and streams',
  description: 'API keys stay valid.',
  access: 'account',
  credential: 'person',
  status: 204,
  response: null,
  async handler({ caller, ctx }, services) {
    const { db, clock, broker } = services;
    const { userId } = caller;
    const ended = await db.transaction(async (trx) => {
      const ids = await revokeUserSessions(trx, userId, { clock });
      await recordAudit(trx, { type: 'logout-everywhere', actorId: userId, userId }, originOf(ctx), {
        clock,
      });
      return ids;
    });
    clearSessionCookies(ctx, services);
    await publishControl(
      broker,
      ...ended.map((sessionId) => ({ type: 'session-revoked' as const, sessionId })),
    );
  },
});

export const accountEndpoints = [register, changePassword, logoutEverywhere];
