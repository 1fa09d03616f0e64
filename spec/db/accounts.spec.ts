import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import {
  createPortfolio,
  deletePortfolio,
  getPortfolio,
  listPortfolios,
  updatePortfolio,
} from '../../db/portfolios.ts';
import {
  createSession,
  deleteExpiredSessions,
  isSessionAlive,
  revokeSession,
  revokeUserSessions,
  rotateRefreshToken,
} from '../../db/sessions.ts';
import {
  createUser,
  deleteUser,
  findCredentials,
  getUser,
  listUsers,
  updateUser,
  type User,
} from '../../db/users.ts';
import { eachDatabase } from '../support/databases.ts';
import { clock as noon, newPortfolio, NOON } from './fixture.ts';

const HOUR = 3_600_000;

eachDatabase('accounts', (open) => {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];
  let now = NOON;
  const clock = { ...noon, now: () => now };
  let made = 0;

  before(async () => {
    opened = await open();
    db = opened.knex;
    await migrate(db);
  });
  after(() => opened.close());
  beforeEach(() => {
    now = NOON;
  });

  async function newUser(email = `a${(made += 1)}@example.org`): Promise<User> {
    return await createUser(db, { email, name: 'A', passwordHash: 'hash', role: 'viewer' }, { clock });
  }

  describe('users', () => {
    it('are found by their e-mail address in any case, which is theirs alone', async () => {
      const user = await newUser('Kim@Example.org');
      assert.deepEqual(user, {
        id: user.id,
        email: 'kim@example.org',
        name: 'A',
        role: 'viewer',
        disabledAt: null,
        createdAt: NOON,
      });
      assert.deepEqual(await findCredentials(db, 'KIM@example.ORG'), { user, passwordHash: 'hash' });
      assert.deepEqual(await getUser(db, user.id), user);
      await assert.rejects(newUser('kiM@example.org'), { slug: 'conflict' });
      assert.equal(await findCredentials(db, 'nobody@example.org'), null);
    });

    it('change only in what is given', async () => {
      const user = await newUser();
      assert.deepEqual(await updateUser(db, user.id, {}), user);
      const changed = await updateUser(db, user.id, { role: 'admin', name: null, disabledAt: NOON + 5 });
      assert.deepEqual(changed, { ...user, role: 'admin', name: null, disabledAt: NOON + 5 });
      await updateUser(db, user.id, { passwordHash: 'new', disabledAt: null });
      const found = await findCredentials(db, user.email);
      assert.deepEqual(found, { user: { ...changed, disabledAt: null }, passwordHash: 'new' });
      assert.equal(await updateUser(db, '00000000-0000-7000-8000-000000000000', { name: 'x' }), null);
    });

    it('are listed page by page, and deleted with all that is theirs', async () => {
      const portfolio = await newPortfolio(db);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof listUsers>> = await listUsers(db, { limit: 2, cursor });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      assert.deepEqual(seen, await db('users').pluck('id').orderBy('id'));
      assert.equal(await deleteUser(db, portfolio.userId), true);
      assert.equal(await deleteUser(db, portfolio.userId), false);
      assert.equal(await getPortfolio(db, portfolio.id), null);
    });
  });

  describe('portfolios', () => {
    it('are listed per owner, changed and deleted', async () => {
      const [owner, other] = [await newUser(), await newUser()];
      const settings = {
        name: 'One',
        baseCurrency: 'KRW',
        costMethod: 'average',
        timeZone: 'Asia/Seoul',
        benchmark: 'BTC/KRW',
        cashMode: 'tracked',
      } as const;
      const ids = [];
      for (const name of ['One', 'Two', 'Three']) {
        now += 1;
        ids.push((await createPortfolio(db, owner.id, { ...settings, name }, { clock })).id);
      }
      await createPortfolio(db, other.id, settings, { clock });
      const first = await listPortfolios(db, owner.id, { limit: 2 });
      const rest = await listPortfolios(db, owner.id, { limit: 2, cursor: first.nextCursor });
      assert.deepEqual(
        [...first.items, ...rest.items].map(({ id }) => id),
        ids,
      );
      assert.equal(rest.nextCursor, null);

      const [id = ''] = ids;
      now += HOUR;
      const changed = await updatePortfolio(db, id, { name: 'Uno', benchmark: null }, { clock });
      assert.deepEqual(changed, { ...first.items[0], name: 'Uno', benchmark: null, updatedAt: now });
      assert.deepEqual(await getPortfolio(db, id), changed);
      assert.equal(await deletePortfolio(db, id), true);
      assert.equal(await updatePortfolio(db, id, { name: 'x' }, { clock }), null);
    });
  });

  describe('sessions', () => {
    async function login(): Promise<{ id: string; userId: string; hash: string }> {
      const user = await newUser();
      const hash = `hash-${user.id}`;
      const session = await createSession(db, user.id, { hash, expiresAt: now + HOUR }, { clock });
      return { id: session.id, userId: user.id, hash };
    }

    it('go on with the next token, each of which works once', async () => {
      const { id, hash } = await login();
      now += HOUR / 2;
      const next = { hash: `${hash}-2`, expiresAt: now + HOUR };
      const rotation = await rotateRefreshToken(db, hash, next, { clock });
      assert.ok(rotation.status === 'rotated');
      assert.deepEqual(
        [rotation.session.id, rotation.session.lastUsedAt, rotation.session.expiresAt],
        [id, now, now + HOUR],
      );
      const third = { hash: `${hash}-3`, expiresAt: now + HOUR };
      assert.equal((await rotateRefreshToken(db, next.hash, third, { clock })).status, 'rotated');
      assert.equal(await isSessionAlive(db, id, { clock }), true);
    });

    it('end when a token is used a second time, for the thief and the owner alike', async () => {
      const { id, hash } = await login();
      const next = { hash: `${hash}-2`, expiresAt: now + HOUR };
      await rotateRefreshToken(db, hash, next, { clock });
      const again = await rotateRefreshToken(db, hash, { ...next, hash: `${hash}-3` }, { clock });
      assert.deepEqual(again, { status: 'reused', sessionId: id });
      assert.equal(await isSessionAlive(db, id, { clock }), false);
      const successor = await rotateRefreshToken(db, next.hash, { ...next, hash: `${hash}-4` }, { clock });
      assert.deepEqual(successor, { status: 'refused' });
    });

    it('give one successor to many that use a token at the same time', async () => {
      const { id, hash } = await login();
      const rotations = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          rotateRefreshToken(db, hash, { hash: `${hash}-${n}`, expiresAt: now + HOUR }, { clock }),
        ),
      );
      assert.equal(rotations.filter(({ status }) => status === 'rotated').length, 1);
      assert.equal(rotations.filter(({ status }) => status === 'reused').length, 7);
      assert.equal(await isSessionAlive(db, id, { clock }), false);
    });

    it('are not alive once expired, revoked, or their user disabled; nor do their tokens work', async () => {
      const ends: Record<string, (session: { id: string; userId: string }) => Promise<unknown>> = {
        expired: () => Promise.resolve((now += HOUR)),
        revoked: ({ id }) => revokeSession(db, id, { clock }),
        'all revoked': ({ userId }) => revokeUserSessions(db, userId, { clock }),
        disabled: ({ userId }) => updateUser(db, userId, { disabledAt: now }),
        deleted: ({ userId }) => deleteUser(db, userId),
      };
      for (const [name, end] of Object.entries(ends)) {
        const session = await login();
        assert.equal(await isSessionAlive(db, session.id, { clock }), true);
        await end(session);
        assert.equal(await isSessionAlive(db, session.id, { clock }), false, name);
        const next = { hash: `${session.hash}-2`, expiresAt: now + HOUR };
        assert.deepEqual(
          await rotateRefreshToken(db, session.hash, next, { clock }),
          { status: 'refused' },
          name,
        );
      }
      assert.equal(await isSessionAlive(db, '00000000-0000-7000-8000-000000000000', { clock }), false);
    });

    it('tell what was revoked', async () => {
      const { id, userId } = await login();
      assert.deepEqual(await revokeUserSessions(db, userId, { clock }), [id]);
      assert.deepEqual(await revokeUserSessions(db, userId, { clock }), []);
      assert.equal(await revokeSession(db, id, { clock }), false);
    });

    it('are cleared away when they have expired, and live ones are not', async () => {
      const old = await login();
      now += HOUR - 1;
      const live = await login();
      now += 1;
      await deleteExpiredSessions(db, { clock });
      assert.deepEqual(await db('sessions').whereIn('id', [old.id, live.id]).pluck('id'), [live.id]);
      const tokens: unknown[] = await db('refresh_tokens').where({ session_id: old.id });
      assert.deepEqual(tokens, []);
    });
  });
});
