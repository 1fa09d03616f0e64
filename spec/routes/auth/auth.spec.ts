import assert from 'node:assert/strict';
import jwt from 'jsonwebtoken';
import { updateUser } from '../../../db/users/users.ts';
import { type Answer, startApp, type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { CHECK_MS } from '../../../streams/fleet/authority.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

interface Pair {
  accessToken: string;
  refreshToken: string;
}

function refresh(app: TestApp, { refreshToken }: Pair): Promise<Answer> {
  return app.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
}

function me(app: TestApp, { accessToken }: Pair): Promise<Answer> {
  return app.call('GET', '/v1/auth/me', { headers: { authorization: `Bearer ${accessToken}` } });
}

function login(app: TestApp, email: string, password: string = TEST_PASSWORD): Promise<Answer> {
  return app.call('POST', '/v1/auth/login', { body: { email, password } });
}

async function statusOfMe(app: TestApp, pair: Pair): Promise<number> {
  return (await me(app, pair)).status;
}

eachApp('a session', (app) => {
  it('begins with e-mail and password, in any case of letters', async () => {
    const user = await app().user();
    const { status, body, headers } = await login(app(), user.email.toUpperCase());
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), [
      'accessToken',
      'expiresIn',
      'refreshToken',
      'tokenType',
      'user',
    ]);
    assert.deepEqual([body.expiresIn, body.tokenType], [900, 'Bearer']);
    assert.deepEqual(body.user, { id: user.id, email: user.email, name: null, role: 'trader' });
    assert.equal(headers.get('cache-control'), 'no-store');
    const claims = jwt.decode(body.accessToken) as { iat: number; exp: number; sub: string };
    assert.equal(claims.exp - claims.iat, 900);
    assert.equal(claims.sub, user.id);
    assert.doesNotMatch(JSON.stringify(body.user), /hash|password/i);
  });

  it('sets a cookie that scripts cannot read and other sites do not send', async () => {
    const user = await app().user();
    const { headers, body } = await login(app(), user.email);
    const cookie = headers.get('set-cookie') ?? '';
    assert.ok(cookie.startsWith(`marktide_access=${body.accessToken};`));
    assert.match(cookie, /; path=\/v1;/i);
    assert.match(cookie, /; httponly/i);
    assert.match(cookie, /; samesite=strict/i);
  });

  it('does not begin with a wrong password, for an unknown user or for a disabled one: all look alike', async () => {
    const user = await app().user();
    const gone = await app().user();
    await updateUser(app().services.db, gone.id, { disabledAt: Date.now() });
    const answers = [
      await login(app(), user.email, 'wrong password'),
      await login(app(), 'nobody@example.com'),
      await login(app(), gone.email),
      await login(app(), gone.email, 'wrong password'),
    ];
    for (const answer of answers) {
      assertProblem(answer, 401, 'invalid-credentials');
      assert.deepEqual(Object.keys(answer.body).sort(), ['requestId', 'status', 'title', 'type']);
      assert.equal(answer.headers.get('set-cookie'), null);
    }
  });

  it('tells who the caller is, and what they may', async () => {
    for (const [role, scopes] of [
      ['viewer', ['read', 'account']],
      ['trader', ['read', 'trades:write', 'account']],
      ['admin', ['read', 'trades:write', 'market:write', 'account', 'admin']],
    ] as const) {
      const user = await app().user(role);
      const { body } = await app().call('GET', '/v1/auth/me', { as: user });
      assert.deepEqual(body, { id: user.id, email: user.email, name: null, role, scopes });
    }
  });

  it('goes on with the refresh token, which each time gives a new one', async () => {
    let pair: Pair = await app().user();
    const seen = new Set([pair.refreshToken]);
    for (let turn = 0; turn < 4; turn += 1) {
      const { status, body, headers } = await refresh(app(), pair);
      assert.equal(status, 200);
      assert.ok(!seen.has(body.refreshToken));
      seen.add(body.refreshToken);
      assert.match(headers.get('set-cookie') ?? '', /marktide_access=/);
      pair = body;
      assert.equal(await statusOfMe(app(), pair), 200);
    }
  });

  it('ends when a refresh token is used again: also for who holds the latest tokens', async () => {
    const first: Pair = await app().user();
    const second: Pair = (await refresh(app(), first)).body;
    const third: Pair = (await refresh(app(), second)).body;
    assert.equal(await statusOfMe(app(), third), 200);
    assertProblem(await refresh(app(), first), 401, 'unauthorized');
    assertProblem(await me(app(), third), 401, 'unauthorized');
    assertProblem(await refresh(app(), third), 401, 'unauthorized');
  });

  it('ends its streams when a refresh token is used again', async () => {
    const user = await app().user();
    const stream = new StreamClient(`${app().url}/v1/streams/market`, {
      headers: { authorization: user.authorization },
    });
    await stream.ready();
    await refresh(app(), (await refresh(app(), user)).body);
    await refresh(app(), user);
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
  });

  it('gives two refreshes at once the same next token, and so an answer that was lost again', async () => {
    const user = await app().user();
    const answers = await Promise.all([refresh(app(), user), refresh(app(), user)]);
    answers.push(await refresh(app(), user));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    const next = new Set(answers.map(({ body }) => body.refreshToken));
    assert.equal(next.size, 1, 'there is one line of tokens, not two');
    assert.ok(!next.has(user.refreshToken));
    for (const { body } of answers) assert.equal(await statusOfMe(app(), body), 200);
    const [token = ''] = next;
    assert.equal((await refresh(app(), { ...user, refreshToken: token })).status, 200);
    assertProblem(await refresh(app(), user), 401, 'unauthorized', 'its successor has been used');
    assert.equal(await statusOfMe(app(), answers[0]?.body), 401);
  });

  it('does not go on with a token that never was, nor with an access token', async () => {
    const user = await app().user();
    assertProblem(await refresh(app(), { ...user, refreshToken: 'x'.repeat(43) }), 401, 'unauthorized');
    const tooLong = await refresh(app(), { ...user, refreshToken: user.accessToken });
    assert.ok([400, 401].includes(tooLong.status));
  });

  it('does not go on for a disabled user, whose access ends at once', async () => {
    const user = await app().user();
    await updateUser(app().services.db, user.id, { disabledAt: Date.now() });
    assert.equal(await statusOfMe(app(), user), 401);
    assertProblem(await refresh(app(), user), 401, 'unauthorized');
  });

  it('takes up a changed role with the next refresh', async () => {
    const user = await app().user('trader');
    await updateUser(app().services.db, user.id, { role: 'viewer' });
    const { body } = await refresh(app(), user);
    assert.equal(body.user.role, 'viewer');
    const headers = { authorization: `Bearer ${body.accessToken}` };
    const refused = await app().call('POST', '/v1/portfolios', { body: { name: 'Mine' }, headers });
    assert.equal(refused.status, 403);
  });

  it('ends with logout: tokens, streams and cookie, and no other session of the user', async () => {
    const user = await app().user();
    const other: Pair = (await login(app(), user.email)).body;
    const stream = new StreamClient(`${app().url}/v1/streams/market`, {
      headers: { authorization: user.authorization },
    });
    await stream.ready();
    const out = await app().call('POST', '/v1/auth/logout', { as: user });
    assert.deepEqual([out.status, out.body], [204, '']);
    assert.match(out.headers.get('set-cookie') ?? '', /marktide_access=;.*expires=Thu, 01 Jan 1970/i);
    await stream.closed();
    assertProblem(await me(app(), user), 401, 'unauthorized');
    assertProblem(await refresh(app(), user), 401, 'unauthorized');
    assertProblem(await app().call('POST', '/v1/auth/logout', { as: user }), 401, 'unauthorized');
    assert.equal(await statusOfMe(app(), other), 200);
  });

  it('is kept in the database without any token in the clear', async () => {
    const user = await app().user();
    const { db } = app().services;
    const rows: unknown[] = await db('refresh_tokens').select('*');
    const users: unknown[] = await db('users').select('*');
    const kept = JSON.stringify([rows, users, await db('sessions').select('*')]);
    for (const secret of [user.refreshToken, user.accessToken, TEST_PASSWORD])
      assert.ok(!kept.includes(secret));
  });
});

describe('the life of tokens', () => {
  let app: TestApp;
  let user: TestUser;
  const clock = new VirtualClock(Date.now());

  before(async () => {
    app = await startApp({ clock, env: { ACCESS_TOKEN_TTL: '60', REFRESH_TOKEN_TTL: '600' } });
    user = await app.user();
  });
  after(async () => {
    // Closing waits on timers of the same clock.
    const closed = app.close();
    await clock.advance(10_000);
    await closed;
  });

  it('is what the configuration says', async () => {
    const { exp, iat } = jwt.decode(user.accessToken) as { iat: number; exp: number };
    assert.equal(exp - iat, 60);
    assert.equal((await refresh(app, user)).body.expiresIn, 60);
  });

  it('lets a refresh token be presented again for ten seconds', async () => {
    const pair: Pair = await app.user();
    await refresh(app, pair);
    clock.jump(9_999);
    assert.equal((await refresh(app, pair)).status, 200);
    clock.jump(1);
    assertProblem(await refresh(app, pair), 401, 'unauthorized');
  });

  it('of a refresh token begins anew with each refresh', async () => {
    let pair: Pair = await app.user();
    for (let turn = 0; turn < 3; turn += 1) {
      clock.jump(500_000);
      const { status, body } = await refresh(app, pair);
      assert.equal(status, 200);
      pair = body;
    }
    clock.jump(601_000);
    assertProblem(await refresh(app, pair), 401, 'unauthorized');
  });
});

describe('the life of a session', () => {
  const DAY_MS = 86_400_000;
  let app: TestApp;
  const clock = new VirtualClock(Date.now());

  before(async () => {
    const env = { SESSION_MAX_DAYS: '3', REFRESH_TOKEN_TTL: '172800', ACCESS_TOKEN_TTL: '86400' };
    app = await startApp({ clock, env });
  });
  after(async () => {
    const closed = app.close();
    await clock.advance(10_000);
    await closed;
  });

  it('has an end that no refresh puts off, for its tokens and streams too', async () => {
    const first = await app.user();
    let pair: Pair = first;
    for (let day = 1; day <= 2; day += 1) {
      clock.jump(DAY_MS - 1_000);
      const { status, body } = await refresh(app, pair);
      assert.equal(status, 200);
      pair = body;
    }
    clock.jump(DAY_MS - 10_000);
    // These tokens would be good for a day and more, the session is for twelve seconds.
    const { body } = await refresh(app, pair);
    const last = { authorization: `Bearer ${body.accessToken}` };
    const stream = new StreamClient(`${app.url}/v1/streams/market`, { headers: last });
    await stream.ready();
    const { body: ticket } = await app.call('POST', '/v1/auth/stream-token', { headers: last });
    clock.jump(12_000);
    assertProblem(await app.call('GET', '/v1/auth/me', { headers: last }), 401, 'unauthorized');
    assertProblem(await refresh(app, body), 401, 'unauthorized');
    const byTicket = await app.call('GET', `/v1/streams/market?token=${ticket.token}`);
    assertProblem(byTicket, 401, 'unauthorized');
    await clock.advance(CHECK_MS);
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
  });

  it('ends when it is as old as is allowed now, though it was begun with more', async () => {
    const user = await app.user();
    const { db } = app.services;
    await db('sessions')
      .where({ user_id: user.id })
      .update({ created_at: new Date(clock.now() - 3 * DAY_MS) });
    assertProblem(await refresh(app, user), 401, 'unauthorized');
  });
});
