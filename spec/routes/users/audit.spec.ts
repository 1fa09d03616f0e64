import assert from 'node:assert/strict';
import type { Leases } from '../../../streams/core/lease.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { recordAudit, trimAudit } from '../../../db/users/audit.ts';
import { Housekeeping, HOUSEKEEPING } from '../../../db/housekeeping.ts';
import { systemClock } from '../../../lib/clock.ts';
import { type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { quiet } from '../../support/log-watch.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

interface Event {
  id: string;
  type: string;
  actorId: string | null;
  userId: string | null;
  ip: string;
  requestId: string;
  details: Record<string, unknown>;
}

async function eventsOf(app: TestApp, admin: TestUser, query: string): Promise<Event[]> {
  const { status, body } = await app.call('GET', `/v1/admin/audit?${query}`, { as: admin });
  assert.equal(status, 200, JSON.stringify(body));
  return body.items;
}

eachApp('the audit log', (app) => {
  let admin: TestUser;
  before(async () => {
    admin = await app().user('admin');
  });

  it('tells of logins, and of failures without what was typed', async () => {
    const user = await app().user();
    const post = (email: string, password: string, requestId: string) =>
      app().call('POST', '/v1/auth/login', {
        body: { email, password },
        headers: { 'x-request-id': requestId },
      });
    await post(user.email, 'a wrong password', 'request-0001');
    const unknown = `my-password-${process.pid}@example.com`;
    await post(unknown, 'a wrong password', 'request-0002');
    await post(unknown.toUpperCase(), 'a wrong password', 'request-0003');

    const [failed, login] = await eventsOf(app(), admin, `userId=${user.id}`);
    assert.deepEqual([login?.type, login?.actorId], ['login', user.id]);
    assert.deepEqual(
      [failed?.type, failed?.actorId, failed?.requestId],
      ['login-failed', null, 'request-0001'],
    );
    assert.match(failed?.ip ?? '', /127\.0\.0\.1/);

    const failures = await eventsOf(app(), admin, 'type=login-failed');
    const [again, first] = failures.filter(({ userId }) => userId === null);
    assert.deepEqual([again?.requestId, first?.requestId], ['request-0003', 'request-0002']);
    assert.equal(again?.details['emailHash'], first?.details['emailHash']);
    const rows: unknown[] = await app().services.db('audit_events').select('*');
    const kept = JSON.stringify(rows);
    for (const secret of [
      'my-password',
      'a wrong password',
      user.accessToken,
      user.refreshToken,
      TEST_PASSWORD,
    ]) {
      assert.ok(!kept.includes(secret), secret);
    }
  });

  it('tells of everything that changes who may do what', async () => {
    const user = await app().user();
    const call = async (method: string, path: string, as: TestUser, body?: unknown) => {
      const answer = await app().call(method, path, { as, body });
      assert.ok(answer.status < 300, `${method} ${path} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const friend = await app().user();
    const portfolio = await call('POST', '/v1/portfolios', user, { name: 'P' });
    const shares = `/v1/portfolios/${portfolio.id}/shares`;
    await call('PUT', shares, user, { userId: friend.id, access: 'write' });
    await call('POST', `/v1/invitations/${portfolio.id}/accept`, friend);
    await call('DELETE', `${shares}/${friend.id}`, user);
    const key = await call('POST', '/v1/api-keys', user, { name: 'Bot', scopes: ['read'] });
    await call('DELETE', `/v1/api-keys/${key.id}`, user);
    await call('POST', '/v1/auth/password', user, {
      currentPassword: TEST_PASSWORD,
      newPassword: 'a new password',
    });
    await app().call('GET', '/v1/users', { as: user });
    await call('POST', '/v1/auth/logout', user);
    await call('PATCH', `/v1/users/${user.id}`, admin, { role: 'viewer', disabled: true });
    await call('PATCH', `/v1/users/${user.id}`, admin, { disabled: false });
    await call('DELETE', `/v1/users/${user.id}`, admin);

    const events = await eventsOf(app(), admin, `userId=${user.id}`);
    assert.deepEqual(
      new Set(events.map(({ type }) => type)),
      new Set([
        'login',
        'share-granted',
        'share-revoked',
        'api-key-created',
        'api-key-revoked',
        'password-changed',
        'access-denied',
        'logout',
        'role-changed',
        'user-disabled',
        'user-enabled',
        'user-deleted',
      ]),
    );
    const of = (type: string): Event | undefined => events.find((event) => event.type === type);
    assert.deepEqual(of('share-granted')?.details, { portfolioId: portfolio.id, access: 'write' });
    assert.deepEqual([of('share-granted')?.actorId, of('share-granted')?.userId], [user.id, friend.id]);
    assert.deepEqual(of('role-changed')?.details, { from: 'trader', to: 'viewer' });
    assert.equal(of('user-deleted')?.actorId, admin.id);
    assert.deepEqual(of('access-denied')?.details, { endpoint: 'listUsers' });
    assert.deepEqual(of('api-key-created')?.details, { keyId: key.id, prefix: key.prefix, scopes: ['read'] });
    assert.ok(!JSON.stringify(events).includes(key.key));
  });

  it('tells once in a while of who tries the doors of administrators all the time', async () => {
    const user = await app().user();
    for (let turn = 0; turn < 20; turn += 1) {
      assert.equal((await app().call('GET', '/v1/users', { as: user })).status, 403);
      const body = { role: 'admin' };
      assert.equal((await app().call('PATCH', `/v1/users/${user.id}`, { as: user, body })).status, 403);
    }
    const events = await eventsOf(app(), admin, `userId=${user.id}&type=access-denied`);
    assert.deepEqual(events.map(({ details }) => details?.['endpoint']).sort(), ['listUsers', 'updateUser']);
  });

  it('tells once of a refresh token that was used again', async () => {
    const user = await app().user();
    const refresh = (refreshToken: string) =>
      app().call('POST', '/v1/auth/refresh', { body: { refreshToken } });
    const second = (await refresh(user.refreshToken)).body;
    await refresh(second.refreshToken);
    assert.equal((await refresh(user.refreshToken)).status, 401);
    assert.equal((await refresh(user.refreshToken)).status, 401);
    const events = await eventsOf(app(), admin, `userId=${user.id}&type=refresh-reused`);
    assert.equal(events.length, 1);
  });

  it('does not tell of what did not happen', async () => {
    const user = await app().user();
    const before = (await eventsOf(app(), admin, `userId=${user.id}`)).length;
    const path = `/v1/users/${user.id}`;
    await app().call('PATCH', path, { as: admin, body: { role: 'trader', disabled: false, name: 'X' } });
    await app().call('POST', '/v1/auth/password', {
      as: user,
      body: { currentPassword: 'wrong', newPassword: 'a new password' },
    });
    assert.equal((await eventsOf(app(), admin, `userId=${user.id}`)).length, before);
  });

  it('is read in pages, newest first, by administrators alone', async () => {
    const user = await app().user();
    assertProblem(await app().call('GET', '/v1/admin/audit', { as: user }), 403, 'forbidden');
    const all = await eventsOf(app(), admin, 'limit=1000');
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/v1/admin/audit?limit=7${cursor === null ? '' : `&cursor=${cursor}`}`;
      const { body } = await app().call('GET', path, { as: admin });
      seen.push(...body.items.map(({ id }: Event) => id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(
      seen,
      all.map(({ id }) => id),
    );
    assert.deepEqual(seen, [...seen].sort().reverse());
    assertNames(await app().call('GET', '/v1/admin/audit?type=nonsense', { as: admin }), ['type']);
    const bad = await app().call('GET', '/v1/admin/audit?cursor=garbage', { as: admin });
    assertProblem(bad, 400, 'invalid-cursor');
  });

  it('keeps so many events and days, and no more', async () => {
    const { db } = app().services;
    const origin = { ip: '::1', requestId: 'request-0009' };
    const draft = { type: 'login', actorId: null, userId: null } as const;
    const old = { ...systemClock, now: () => Date.now() - 2 * 86_400_000 };
    for (let i = 0; i < 5; i += 1) await recordAudit(db, draft, origin, { clock: old });
    const count = async (): Promise<number> => (await db('audit_events').select('id')).length;
    const before = await count();
    const leases = new MemoryLeases();
    const lease = (): ReturnType<Leases['acquire']> => leases.acquire(HOUSEKEEPING);
    const keeping = { db, clock: systemClock, logger: quiet, lease };
    const housekeeping = new Housekeeping({ ...keeping, auditDays: 1, auditRows: 1_000_000 });
    await housekeeping.run();
    await housekeeping.close();
    assert.equal(await count(), before - 5);
    const newest = await eventsOf(app(), admin, 'limit=3');
    assert.equal(await trimAudit(db, { before: 0, rows: 3 }), before - 5 - 3);
    assert.deepEqual(
      (await eventsOf(app(), admin, 'limit=1000')).map(({ id }) => id),
      newest.map(({ id }) => id),
    );
    assert.equal(await trimAudit(db, { before: 0, rows: 3 }), 0);
  });

  it('keeps nobody from logging in or out when it cannot be written', async () => {
    const { db } = app().services;
    const user = await app().user();
    await db.raw('alter table audit_events rename to audit_events_away');
    try {
      const login = { email: user.email, password: TEST_PASSWORD };
      assert.equal((await app().call('POST', '/v1/auth/login', { body: login })).status, 200);
      assert.equal((await app().call('POST', '/v1/auth/logout', { as: user })).status, 204);
      // But no right is given away that the log does not tell of.
      const body = { email: `unseen-${process.pid}@example.com`, password: 'a long password' };
      assertProblem(await app().call('POST', '/v1/users', { as: admin, body }), 500, 'internal-error');
    } finally {
      await db.raw('alter table audit_events_away rename to audit_events');
    }
    const { body } = await app().call('GET', '/v1/users?limit=1000', { as: admin });
    assert.ok(!JSON.stringify(body).includes('unseen-'));
  });
});
