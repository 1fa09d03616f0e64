import type { Context } from 'koa';
import { z } from 'zod';
import { recordAudit } from '../../db/users/audit.ts';
import type { Database } from '../../db/connection/database.ts';
import { deletePortfolios } from '../../db/ledger/portfolio-changes.ts';
import { portfolioIdsOf } from '../../db/ledger/portfolios/portfolios.ts';
import { revokeUserSessions } from '../../db/users/sessions.ts';
import {
  createUser as insertUser,
  deleteUser as removeUser,
  getUser as selectUser,
  listUsers as selectUsers,
  lockAdmins,
  updateUser as changeUser,
  type User,
} from '../../db/users/users.ts';
import type { AuditType } from '../../lib/audit-event.ts';
import { type Caller, ROLES } from '../../lib/tokens/caller.ts';
import { hashPassword } from '../../lib/tokens/password.ts';
import { problem } from '../../lib/problem.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { noteDenied, originOf } from '../http/audit-trail.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { changeLedgers, type LedgerChangeOptions } from '../portfolios/ledger-change.ts';
import { assertPassword, newPassword } from './new-password.ts';
import { userName } from './user-fields.ts';
import { userBody, userSchema } from '../auth/session-tokens.ts';
import type { Services } from '../http/handler-services.ts';

const account = userSchema
  .extend({
    disabled: z
      .boolean()
      .describe('Whether the user is disabled: they cannot log in, and their API keys do not work.'),
    createdAt: field.createdAt,
  })
  .meta({ id: 'Account', description: 'A user as administrators see it.' });

function accountBody(user: User): z.input<typeof account> {
  return {
    ...userBody(user),
    disabled: user.disabledAt !== null,
    createdAt: field.isoTime(user.createdAt),
  };
}

const params = z.strictObject({ userId: field.userId });
const role = z
  .enum(ROLES)
  .describe('`viewer` reads, `trader` also keeps portfolios, `admin` also manages users and the market.');

function notFound() {
  return problem('not-found', { detail: 'There is no such user.' });
}

export const listUsers = endpoint({
  method: 'get',
  path: '/v1/users',
  id: 'listUsers',
  tag: 'users',
  summary: 'All users',
  access: 'admin',
  query: z.strictObject({ limit: field.limit, cursor: field.cursor }),
  status: 200,
  response: field.listOf(account).meta({ id: 'AccountList', description: 'One page of the users.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  async handler({ query }, { db }) {
    const page = await selectUsers(db, query);
    return { items: page.items.map(accountBody), nextCursor: page.nextCursor };
  },
});

export const createUser = endpoint({
  method: 'post',
  path: '/v1/users',
  id: 'createUser',
  tag: 'users',
  summary: 'Create a user',
  access: 'admin',
  credential: 'person',
  body: z
    .strictObject({
      email: field.email,
      password: newPassword,
      name: userName.default(null),
      role: role.default('trader'),
    })
    .meta({ id: 'UserInput', description: 'A user to create.' }),
  status: 201,
  response: account,
  examples: { request: { email: 'trader@example.com', password: 'correct horse battery', role: 'trader' } },
  problems: ['invalid-request', 'conflict'],
  async handler({ body, caller, ctx }, { db, clock }) {
    assertPassword(body.password, body.email, '/password');
    const passwordHash = await hashPassword(body.password);
    const user = await db.transaction(async (trx) => {
      const made = await insertUser(trx, { ...body, passwordHash }, { clock });
      const details = { role: made.role };
      const draft = { type: 'user-created', actorId: caller.userId, userId: made.id, details } as const;
      await recordAudit(trx, draft, originOf(ctx), { clock });
      return made;
    });
    return accountBody(user);
  },
});

export const getUser = endpoint({
  method: 'get',
  path: '/v1/users/:userId',
  id: 'getUser',
  tag: 'users',
  summary: 'One user: the caller, or anyone for administrators',
  access: 'read',
  params,
  status: 200,
  response: account,
  problems: ['not-found'],
  async handler({ params, caller }, { db }) {
    const user = mayLookAfter(caller, params.userId) ? await selectUser(db, params.userId) : null;
    if (user === null) throw notFound();
    return accountBody(user);
  },
});

function mayLookAfter(caller: Caller, userId: string): boolean {
  return userId === caller.userId || caller.scopes.includes('admin');
}

/**
 * The user, locked until the transaction ends.
 * @throws 404; 409 for the last active administrator
 */
async function lockRemovable(trx: Database, userId: string): Promise<User> {
  const admins = await lockAdmins(trx);
  const user = await selectUser(trx, userId);
  if (user === null) throw notFound();
  if (admins.length === 1 && admins[0] === userId) {
    throw problem('conflict', {
      detail: 'This is the last administrator. Make another user an administrator first.',
    });
  }
  return user;
}

export const updateUser = endpoint({
  method: 'patch',
  path: '/v1/users/:userId',
  id: 'updateUser',
  tag: 'users',
  summary: "Change the caller's name, or anyone's name, role and `disabled` for administrators",
  description:
    'If a new role allows less, it takes effect at once; if it allows more, with the next refresh of the token. Disabling ends all sessions and streams of the user and suspends their API keys. The last administrator cannot be demoted or disabled.',
  access: 'account',
  credential: 'person',
  params,
  body: z
    .strictObject({
      name: userName,
      role,
      disabled: z
        .boolean()
        .describe(
          '`true` disables the user and ends all their sessions and streams; `false` enables the user again.',
        ),
    })
    .partial()
    .meta({ id: 'UserChange', description: 'What to change in a user; the rest stays.' }),
  status: 200,
  response: account,
  examples: { request: { name: 'Kim' } },
  problems: ['invalid-request', 'not-found', 'conflict'],
  async handler({ params, body, caller, ctx }, services) {
    const { userId } = params;
    if (!mayLookAfter(caller, userId)) throw notFound();
    if ((body.role !== undefined || body.disabled !== undefined) && !caller.scopes.includes('admin')) {
      await noteDenied(ctx, services, { actorId: caller.userId, userId, endpoint: 'updateUser' });
      throw problem('forbidden', { detail: 'The scope admin is needed to change `role` and `disabled`.' });
    }
    const { after, wasDisabled, wasDemoted } = await change(ctx, services, caller, { userId, ...body });
    if (wasDisabled) await publishControl(services.broker, { type: 'user-disabled', userId });
    else if (wasDemoted) await publishControl(services.broker, { type: 'admin-demoted', userId });
    return accountBody(after);
  },
});

interface Change {
  userId: string;
  name?: string | null | undefined;
  role?: User['role'] | undefined;
  disabled?: boolean | undefined;
}

function change(
  ctx: Context,
  { db, clock }: Services,
  caller: Caller,
  { userId, name, role, disabled }: Change,
): Promise<{ after: User; wasDisabled: boolean; wasDemoted: boolean }> {
  return db.transaction(async (trx) => {
    const losesPower = disabled === true || (role !== undefined && role !== 'admin');
    const before = losesPower ? await lockRemovable(trx, userId) : await selectUser(trx, userId);
    if (before === null) throw notFound();
    const isDisabled = before.disabledAt !== null;
    const disabledAt =
      disabled === undefined || disabled === isDisabled ? undefined : disabled ? clock.now() : null;
    const after = await changeUser(trx, userId, { name, role, disabledAt });
    if (after === null) throw notFound();
    const wasDisabled = typeof disabledAt === 'number';
    if (wasDisabled) await revokeUserSessions(trx, userId, { clock });
    const note = (type: AuditType, details = {}): Promise<void> =>
      recordAudit(trx, { type, actorId: caller.userId, userId, details }, originOf(ctx), { clock });
    if (after.role !== before.role) await note('role-changed', { from: before.role, to: after.role });
    if (disabledAt !== undefined) await note(wasDisabled ? 'user-disabled' : 'user-enabled');
    return { after, wasDisabled, wasDemoted: before.role === 'admin' && after.role !== 'admin' };
  });
}

export const deleteUser = endpoint({
  method: 'delete',
  path: '/v1/users/:userId',
  id: 'deleteUser',
  tag: 'users',
  summary: 'Delete a user with all their portfolios, keys and sessions',
  access: 'admin',
  credential: 'person',
  params,
  status: 204,
  response: null,
  problems: ['not-found', 'conflict'],
  async handler({ params, caller, ctx }, services) {
    const { db, clock, broker } = services;
    const { userId } = params;
    const remove = (options: LedgerChangeOptions) => async (trx: Database) => {
      const user = await lockRemovable(trx, userId);
      const ids = await portfolioIdsOf(trx, userId);
      const messages = await deletePortfolios(trx, ids, options);
      await removeUser(trx, userId);
      const details = { role: user.role };
      const draft = { type: 'user-deleted', actorId: caller.userId, userId, details } as const;
      await recordAudit(trx, draft, originOf(ctx), { clock });
      return { ids, messages };
    };
    const { ids: portfolioIds } = await changeLedgers(services, (options) => db.transaction(remove(options)));
    await publishControl(
      broker,
      { type: 'user-disabled', userId },
      // Others may be reading portfolios that were shared with them.
      ...portfolioIds.map((portfolioId) => ({ type: 'portfolio-gone' as const, portfolioId })),
    );
  },
});

export const userEndpoints = [listUsers, createUser, getUser, updateUser, deleteUser];
