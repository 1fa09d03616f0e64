import assert from 'node:assert/strict';
import { createApiKey, deleteApiKey } from '../../../db/users/api-keys.ts';
import { updateUser } from '../../../db/users/users.ts';
import { apiKeyPrefix, hashApiKey, newApiKey } from '../../../lib/tokens/api-key.ts';
import { KEY_SCOPES, type Role, ROLES, type Scope } from '../../../lib/tokens/caller.ts';
import { systemClock } from '../../../lib/clock.ts';
import { signStreamToken } from '../../../lib/tokens/stream-token.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { forge, tampered } from '../../support/routes/bad-tokens.ts';
import { assertLetIn, CLOSED, knock, nameOf, UNLIMITED } from '../../support/routes/door.ts';
import { assertProblem } from '../../support/routes/problems.ts';

/** What a key may do at most for whom. */
const MAY: Record<Role, readonly Scope[]> = {
  viewer: ['read'],
  trader: ['read', 'trades:write'],
  admin: ['read', 'trades:write', 'market:write', 'admin'],
};

describe('access by what is no access token', () => {
  let app: TestApp;
  let users: Record<Role, TestUser>;

  before(async () => {
    app = await startApp({ env: UNLIMITED });
    users = { viewer: await app.user('viewer'), trader: await app.user(), admin: await app.user('admin') };
  });
  after(() => app.close());

  /** Made past the endpoint, which would not make some of these. */
  async function keyOf(
    { id: userId }: TestUser,
    scopes: readonly Scope[],
    given: { expiresAt?: number; allowedIps?: string[] } = {},
  ): Promise<{ id: string; key: string }> {
    const key = newApiKey();
    const { expiresAt = null, allowedIps = [] } = given;
    const draft = {
      userId,
      name: 'of a test',
      scopes: [...scopes],
      expiresAt,
      allowedIps,
      requestsPerMinute: null,
    };
    const hash = hashApiKey(key) ?? '';
    const secret = { prefix: apiKeyPrefix(key), hash };
    const { id } = await createApiKey(app.services.db, { ...draft, ...secret }, { clock: systemClock });
    return { id, key };
  }

  for (const role of ROLES) {
    for (const scope of KEY_SCOPES) {
      it(`is given to a key of a ${role} with the scope ${scope} by what each endpoint declares`, async () => {
        const { key } = await keyOf(users[role], [scope]);
        for (const endpoint of CLOSED) {
          const answer = await knock(app, endpoint, { 'x-api-key': key });
          const may =
            MAY[role].includes(scope) && endpoint.access === scope && endpoint.credential !== 'person';
          if (may) assertLetIn(answer, endpoint);
          else assertProblem(answer, 403, 'forbidden', nameOf(endpoint));
        }
      });
    }
  }

  type Headers = Record<string, string>;
  const badKeys: Record<string, (user: TestUser) => Promise<Headers> | Headers> = {
    unknown: () => ({ 'x-api-key': newApiKey() }),
    garbled: () => ({ 'x-api-key': 'mt_garbage' }),
    tampered: async (user) => ({ 'x-api-key': tampered((await keyOf(user, KEY_SCOPES)).key) }),
    expired: async (user) => ({
      'x-api-key': (await keyOf(user, KEY_SCOPES, { expiresAt: Date.now() - 1 })).key,
    }),
    revoked: async (user) => {
      const { id, key } = await keyOf(user, KEY_SCOPES);
      assert.ok(await deleteApiKey(app.services.db, id, user.id));
      return { 'x-api-key': key };
    },
    'a disabled user’s': async () => {
      const gone = await app.user('admin');
      const { key } = await keyOf(gone, KEY_SCOPES);
      await updateUser(app.services.db, gone.id, { disabledAt: Date.now() });
      return { 'x-api-key': key };
    },
    'sent as a bearer': async (user) => ({ authorization: `Bearer ${(await keyOf(user, KEY_SCOPES)).key}` }),
    'sent as a cookie': async (user) => ({
      cookie: `marktide_access=${(await keyOf(user, KEY_SCOPES)).key}`,
    }),
    'beside a good token': async (user) => ({
      'x-api-key': (await keyOf(user, KEY_SCOPES)).key,
      authorization: user.authorization,
    }),
    'an access token': (user) => ({ 'x-api-key': user.accessToken }),
  };
  for (const [how, headersOf] of Object.entries(badKeys)) {
    it(`is refused with 401 everywhere to a key that is ${how}`, async () => {
      const headers = await headersOf(users.admin);
      for (const endpoint of CLOSED) {
        assertProblem(await knock(app, endpoint, headers), 401, 'unauthorized', nameOf(endpoint));
      }
    });
  }

  it('is refused with 403 everywhere to a key from an address it is not for', async () => {
    const elsewhere = await keyOf(users.admin, KEY_SCOPES, {
      allowedIps: ['203.0.113.0/24', '2001:db8::/32'],
    });
    const here = await keyOf(users.admin, KEY_SCOPES, { allowedIps: ['127.0.0.1'] });
    for (const endpoint of CLOSED) {
      const refused = await knock(app, endpoint, {
        'x-api-key': elsewhere.key,
        'x-forwarded-for': '203.0.113.7',
      });
      assertProblem(refused, 403, 'forbidden', nameOf(endpoint));
      assert.match(refused.body.detail, /address/);
      const answer = await knock(app, endpoint, { 'x-api-key': here.key });
      // It would be good anywhere.
      const never = endpoint.credential === 'person' || endpoint.id === 'createStreamToken';
      if (never) assertProblem(answer, 403, 'forbidden', nameOf(endpoint));
      else assertLetIn(answer, endpoint);
    }
  });

  async function streamTokenOf(user: TestUser): Promise<string> {
    const { body } = await app.call('POST', '/v1/auth/stream-token', { as: user });
    return body.token;
  }

  for (const role of ROLES) {
    it(`is given to a stream token of a ${role} in the URL of a stream, and nowhere else`, async () => {
      const token = await streamTokenOf(users[role]);
      for (const endpoint of CLOSED) {
        const answer = await knock(app, endpoint, {}, `?token=${token}`);
        if (endpoint.streamToken === true) assertLetIn(answer, endpoint);
        else assertProblem(answer, 401, 'unauthorized', nameOf(endpoint));
      }
      const elsewhere: Headers[] = [
        { authorization: `Bearer ${token}` },
        { 'x-api-key': token },
        { cookie: `marktide_access=${token}` },
      ];
      for (const headers of elsewhere) {
        for (const endpoint of CLOSED) {
          assertProblem(await knock(app, endpoint, headers), 401, 'unauthorized', nameOf(endpoint));
        }
      }
    });
  }

  it('is refused with 401 by every stream to what is no good stream token', async () => {
    const { services } = app;
    const user = users.trader;
    const gone = await app.user();
    const goneToken = await streamTokenOf(gone);
    assert.equal((await app.call('POST', '/v1/auth/logout', { as: gone })).status, 204);
    const { sid: sessionId } = JSON.parse(
      Buffer.from(user.accessToken.split('.')[1] ?? '', 'base64url').toString(),
    ) as { sid: string };
    const caller = { userId: user.id, sessionId, role: 'trader' } as const;
    const old = { ...systemClock, now: () => Date.now() - 3_600_000 };
    const holder = { app, user, role: 'trader' } as const;
    const tokens: Record<string, string> = {
      'an access token': user.accessToken,
      'an API key': (await keyOf(user, ['read'])).key,
      tampered: tampered(await streamTokenOf(user)),
      'of a session that has ended': goneToken,
      'of another audience': forge(holder, { jti: '1' }),
      'of another algorithm': forge(holder, { jti: '1', aud: 'marktide:stream' }, services.tokenKey, 'HS512'),
      expired: signStreamToken(services.tokenKey, caller, { clock: old, ttl: 60 }),
    };
    const streams = CLOSED.filter(({ streamToken }) => streamToken === true);
    assert.ok(streams.length >= 4);
    for (const [what, token] of Object.entries(tokens)) {
      for (const endpoint of streams) {
        const slug = what === 'expired' ? 'token-expired' : 'unauthorized';
        const answer = await knock(app, endpoint, {}, `?token=${token}`);
        assertProblem(answer, 401, slug, `${what}: ${nameOf(endpoint)}`);
      }
    }
  });
});
