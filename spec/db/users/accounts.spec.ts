import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { deletePortfolio, updatePortfolio } from '../../../db/ledger/portfolio-changes.ts';
import { createPortfolio, getPortfolio, listPortfolios } from '../../../db/ledger/portfolios/portfolios.ts';
import {
  createSession,
  deleteExpiredSessions,
  isSessionAlive,
  revokeSession,
  revokeSurplusSessions,
  revokeUserSessions,
  type Rotation,
  rotateRefreshToken,
  type Successor,
} from '../../../db/users/sessions.ts';
import {
  createUser,
  deleteUser,
  findCredentials,
  getPasswordHash,
  getUser,
  listUsers,
  updateUser,
  type User,
} from '../../../db/users/users.ts';
import { eachDatabase } from '../../support/databases.ts';
import { clock as noon, newPortfolio, NOON } from '../../support/db/fixture.ts';

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
        simulated: false,
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
      const uno = { ...first.items[0], name: 'Uno', benchmark: null, version: 1, updatedAt: now };
      assert.deepEqual(changed, { portfolio: uno, following: [], message: null });
      assert.deepEqual(await getPortfolio(db, id), uno);
      now += HOUR;
      // Nothing is changed, so there is no version of it.
      const same = await updatePortfolio(db, id, { name: 'Uno', timeZone: undefined }, { clock });
      assert.deepEqual(same, changed);
      assert.deepEqual(await deletePortfolio(db, id, { clock }), { message: null, following: [] });
      assert.equal(await deletePortfolio(db, id, { clock }), null);
      assert.equal(await updatePortfolio(db, id, { name: 'x' }, { clock }), null);
    });
  });

  describe('sessions', () => {
    async function login(): Promise<{ id: string; userId: string; hash: string }> {
      const user = await newUser();
      const hash = `hash-${user.id}`;
      const proof = { userId: user.id, passwordHash: (await getPasswordHash(db, user.id)) ?? '' };
      const session = await createSession(db, proof, { hash, expiresAt: now + HOUR }, { clock });
      assert.ok(session !== null);
      return { id: session.id, userId: user.id, hash };
    }

    /** Successors are `<hash>.<salt>`. */
    function successor(hash: string, salt: string): Successor {
      return { salt, hashOf: (given) => `${hash}.${given}`, expiresAt: now + HOUR };
    }

    function rotate(hash: string, salt: string): Promise<Rotation> {
      return rotateRefreshToken(db, hash, successor(hash, salt), { clock });
    }

    it('of one user are bounded: those that were used least recently end', async () => {
      const user = await newUser();
      const proof = { userId: user.id, passwordHash: (await getPasswordHash(db, user.id)) ?? '' };
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        const token = { hash: `${user.id} ${n}`, expiresAt: now + HOUR };
        ids.push((await createSession(db, proof, token, { clock }))?.id ?? assert.fail());
        now += 1_000;
      }
      const other = await login();
      const [first = '', second = '', third = '', fourth = '', newest = ''] = ids;
      // It has been used since.
      assert.equal((await rotate(`${user.id} 0`, 'a')).status, 'rotated');
      const bound = { clock, limit: 3, keep: newest };
      assert.deepEqual((await revokeSurplusSessions(db, user.id, bound)).sort(), [second, third].sort());
      assert.deepEqual(await revokeSurplusSessions(db, user.id, bound), []);
      for (const id of [first, fourth, newest, other.id]) assert.ok(await isSessionAlive(db, id, { clock }));
      for (const id of [second, third]) assert.equal(await isSessionAlive(db, id, { clock }), false);
    });

    it('go on with the next token, each of which works once', async () => {
      const { id, hash } = await login();
      now += HOUR / 2;
      const rotation = await rotate(hash, 'a');
      assert.ok(rotation.status === 'rotated');
      assert.deepEqual(
        [rotation.session.id, rotation.session.lastUsedAt, rotation.session.expiresAt, rotation.salt],
        [id, now, now + HOUR, 'a'],
      );
      assert.equal((await rotate(`${hash}.a`, 'b')).status, 'rotated');
      assert.equal(await isSessionAlive(db, id, { clock }), true);
    });

    it('end at the age that is allowed, however often they are refreshed', async () => {
      const { id, hash } = await login();
      const maxAgeMs = 1.5 * HOUR;
      const begun = now;
      now += HOUR / 2;
      const first = await rotateRefreshToken(db, hash, { ...successor(hash, 'a'), maxAgeMs }, { clock });
      assert.ok(first.status === 'rotated');
      assert.equal(first.session.expiresAt, now + HOUR);
      now += HOUR / 2;
      const next = { ...successor(`${hash}.a`, 'b'), maxAgeMs };
      const second = await rotateRefreshToken(db, `${hash}.a`, next, { clock });
      assert.ok(second.status === 'rotated');
      assert.equal(second.session.expiresAt, begun + maxAgeMs);
      const [token] = await db('refresh_tokens').where({ hash: `${hash}.a.b` });
      assert.equal(token.expires_at, begun + maxAgeMs);
      now = begun + maxAgeMs;
      assert.equal(await isSessionAlive(db, id, { clock }), false);
      assert.deepEqual(await rotate(`${hash}.a.b`, 'c'), { status: 'refused' });
    });

    it('give the same successor again within ten seconds, as long as it is unused', async () => {
      const { id, hash } = await login();
      await rotate(hash, 'a');
      now += 9_999;
      const again = await rotate(hash, 'b');
      assert.ok(again.status === 'rotated');
      assert.deepEqual([again.session.id, again.salt], [id, 'a']);
      assert.deepEqual(await rotate(`${hash}.b`, 'c'), { status: 'refused' });
      assert.equal((await rotate(`${hash}.a`, 'c')).status, 'rotated');
    });

    it('end when a token is used again later, for the thief and the owner alike', async () => {
      const { id, userId, hash } = await login();
      await rotate(hash, 'a');
      now += 10_000;
      assert.deepEqual(await rotate(hash, 'b'), { status: 'reused', sessionId: id, userId });
      assert.equal(await isSessionAlive(db, id, { clock }), false);
      assert.deepEqual(await rotate(`${hash}.a`, 'c'), { status: 'refused' });
      assert.deepEqual(await rotate(hash, 'd'), { status: 'refused' });
    });

    it('end when a token is used again whose successor has been used, however soon', async () => {
      const { id, userId, hash } = await login();
      await rotate(hash, 'a');
      await rotate(`${hash}.a`, 'b');
      assert.deepEqual(await rotate(hash, 'c'), { status: 'reused', sessionId: id, userId });
      assert.equal(await isSessionAlive(db, id, { clock }), false);
    });

    it('give one successor to many that use a token at the same time', async () => {
      const { id, hash } = await login();
      const rotations = await Promise.all(Array.from({ length: 8 }, (_, n) => rotate(hash, `salt-${n}`)));
      const salts = new Set(rotations.map((each) => (each.status === 'rotated' ? each.salt : each.status)));
      assert.equal(salts.size, 1);
      const tokens: unknown[] = await db('refresh_tokens').where({ session_id: id });
      assert.equal(tokens.length, 2);
      assert.equal(await isSessionAlive(db, id, { clock }), true);
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
        assert.deepEqual(await rotate(session.hash, 'a'), { status: 'refused' }, name);
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
