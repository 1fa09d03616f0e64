import assert from 'node:assert/strict';
import { hash, verify } from '@node-rs/argon2';
import { checkPassword, hashPassword } from '../../../lib/tokens/password.ts';
import { type Answer, startApp, type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

let count = 0;
function newEmail(): string {
  count += 1;
  return `Person-${count}-${process.pid}@Example.com`;
}

function login(app: TestApp, email: string, password: string): Promise<Answer> {
  return app.call('POST', '/v1/auth/login', { body: { email, password } });
}

/** The user with the tokens of another login. */
async function again(app: TestApp, user: TestUser, password = TEST_PASSWORD): Promise<TestUser> {
  const { body } = await login(app, user.email, password);
  return { ...user, ...body, authorization: `Bearer ${body.accessToken}` };
}

async function statusOfMe(app: TestApp, as: TestUser): Promise<number> {
  return (await app.call('GET', '/v1/auth/me', { as })).status;
}

eachApp('users', (app) => {
  let admin: TestUser;
  before(async () => {
    admin = await app().user('admin');
  });

  it('are created, listed and deleted by administrators', async () => {
    const email = newEmail();
    const made = await app().call('POST', '/v1/users', {
      as: admin,
      body: { email, password: 'a long password', name: 'Kim', role: 'viewer' },
    });
    assert.equal(made.status, 201);
    const { createdAt, id, ...rest } = made.body;
    assert.deepEqual(rest, { email: email.toLowerCase(), name: 'Kim', role: 'viewer', disabled: false });
    assert.ok(Date.parse(createdAt) > 0);
    assert.equal((await login(app(), email, 'a long password')).status, 200);

    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body }: Answer = await app().call('GET', `/v1/users?limit=2${query}`, { as: admin });
      seen.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(seen.includes(id) && seen.includes(admin.id));

    assert.equal((await app().call('DELETE', `/v1/users/${id}`, { as: admin })).status, 204);
    assertProblem(await app().call('GET', `/v1/users/${id}`, { as: admin }), 404, 'not-found');
    assertProblem(await app().call('DELETE', `/v1/users/${id}`, { as: admin }), 404, 'not-found');
    assertProblem(await login(app(), email, 'a long password'), 401, 'invalid-credentials');
  });

  it('have one e-mail address each, whatever its case', async () => {
    const email = newEmail();
    const create = (address: string): Promise<Answer> =>
      app().call('POST', '/v1/users', { as: admin, body: { email: address, password: 'a long password' } });
    assert.equal((await create(email)).status, 201);
    assertProblem(await create(email.toUpperCase()), 409, 'conflict');
  });

  it('need a password of 8 to 200 characters that is not the e-mail address', async () => {
    const email = newEmail();
    for (const password of ['1234567', 'x'.repeat(201), email, ` ${email.toUpperCase()} `]) {
      const answer = await app().call('POST', '/v1/users', { as: admin, body: { email, password } });
      assertProblem(answer, 400, 'invalid-request', password);
      assertNames(answer, ['/password']);
      assert.ok(!JSON.stringify(answer.body).includes(password));
    }
    const body = { email, password: 'x'.repeat(200) };
    assert.equal((await app().call('POST', '/v1/users', { as: admin, body })).status, 201);
    assert.equal((await login(app(), email, body.password)).status, 200);
  });

  it('see and name themselves, and nobody else: others are as ones that do not exist', async () => {
    const user = await app().user('viewer');
    const path = `/v1/users/${user.id}`;
    const changed = await app().call('PATCH', path, { as: user, body: { name: 'Lee' } });
    assert.deepEqual([changed.status, changed.body.name, changed.body.role], [200, 'Lee', 'viewer']);
    assert.deepEqual((await app().call('GET', path, { as: user })).body, changed.body);
    for (const other of [admin.id, '00000000-0000-7000-8000-000000000000']) {
      assertProblem(await app().call('GET', `/v1/users/${other}`, { as: user }), 404, 'not-found');
      const patch = { as: user, body: { name: 'x' } };
      assertProblem(await app().call('PATCH', `/v1/users/${other}`, patch), 404, 'not-found');
    }
    for (const body of [{ role: 'admin' }, { disabled: true }, { name: 'x', role: 'viewer' }]) {
      assertProblem(await app().call('PATCH', path, { as: user, body }), 403, 'forbidden');
    }
    assert.equal((await app().call('GET', path, { as: user })).body.name, 'Lee');
  });

  it('lose with a role at once what it no longer allows, on tokens that are still good', async () => {
    const second = await app().user('admin');
    const demoted = await app().call('PATCH', `/v1/users/${second.id}`, {
      as: admin,
      body: { role: 'viewer' },
    });
    assert.deepEqual([demoted.status, demoted.body.role], [200, 'viewer']);
    assertProblem(await app().call('GET', '/v1/users', { as: second }), 403, 'forbidden');
    const portfolio = { as: second, body: { name: 'P' } };
    assertProblem(await app().call('POST', '/v1/portfolios', portfolio), 403, 'forbidden');
    const { body } = await app().call('GET', '/v1/auth/me', { as: second });
    assert.deepEqual(body.scopes, ['read', 'account']);
  });

  it('are shut out at once when disabled, with their streams; let in again they log in anew', async () => {
    const user = await app().user();
    const path = `/v1/users/${user.id}`;
    const stream = new StreamClient(`${app().url}/v1/streams/market`, {
      headers: { authorization: user.authorization },
    });
    await stream.ready();
    const { body } = await app().call('PATCH', path, { as: admin, body: { disabled: true } });
    assert.equal(body.disabled, true);
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
    assert.equal(await statusOfMe(app(), user), 401);
    assertProblem(await login(app(), user.email, TEST_PASSWORD), 401, 'invalid-credentials');
    await app().call('PATCH', path, { as: admin, body: { disabled: false } });
    assert.equal(await statusOfMe(app(), user), 401, 'the old session stays dead');
    assert.equal((await login(app(), user.email, TEST_PASSWORD)).status, 200);
  });

  it('change their password, which ends every session but the one', async () => {
    const user = await app().user();
    const other = await again(app(), user);
    const stream = new StreamClient(`${app().url}/v1/streams/market`, {
      headers: { authorization: other.authorization },
    });
    await stream.ready();
    const change = (currentPassword: string, newPassword: string): Promise<Answer> =>
      app().call('POST', '/v1/auth/password', { as: user, body: { currentPassword, newPassword } });

    const wrong = await change('wrong password', 'another password');
    assertProblem(wrong, 400, 'invalid-request');
    assertNames(wrong, ['/currentPassword']);
    const weak = await change(TEST_PASSWORD, user.email);
    assertNames(weak, ['/newPassword']);
    assert.equal(await statusOfMe(app(), other), 200);

    assert.equal((await change(TEST_PASSWORD, 'another password')).status, 204);
    await stream.closed();
    assert.equal(await statusOfMe(app(), other), 401);
    assert.equal(await statusOfMe(app(), user), 200);
    assertProblem(
      await app().call('POST', '/v1/auth/refresh', { body: { refreshToken: other.refreshToken } }),
      401,
      'unauthorized',
    );
    assert.equal((await login(app(), user.email, TEST_PASSWORD)).status, 401);
    assert.equal((await login(app(), user.email, 'another password')).status, 200);
  });

  it('log out everywhere', async () => {
    const user = await app().user();
    const other = await again(app(), user);
    const out = await app().call('POST', '/v1/auth/logout-everywhere', { as: user });
    assert.equal(out.status, 204);
    assert.match(out.headers.get('set-cookie') ?? '', /marktide_refresh=;/);
    for (const each of [user, other]) {
      assert.equal(await statusOfMe(app(), each), 401);
      const { refreshToken } = each;
      assert.equal((await app().call('POST', '/v1/auth/refresh', { body: { refreshToken } })).status, 401);
    }
  });

  it('cannot register while registration is closed', async () => {
    const body = { email: newEmail(), password: 'a long password' };
    assertProblem(await app().call('POST', '/v1/auth/register', { body }), 403, 'forbidden');
  });
});

eachApp(
  'the last administrator',
  (app) => {
    it('stays one: neither deleted, demoted nor disabled, not by two at the same time either', async () => {
      const [one, two] = [await app().user('admin'), await app().user('admin')];
      const demote = (by: TestUser, whom: TestUser): Promise<Answer> =>
        app().call('PATCH', `/v1/users/${whom.id}`, { as: by, body: { role: 'trader' } });
      const answers = await Promise.all([demote(one, two), demote(two, one)]);
      const statuses = answers.map(({ status }) => status).sort();
      // Who was demoted before asking is refused as such.
      assert.ok(['200,403', '200,404', '200,409'].includes(statuses.join()), statuses.join());
      const left = answers[0]?.status === 200 ? one : two;
      const path = `/v1/users/${left.id}`;
      for (const body of [
        { role: 'viewer' },
        { disabled: true },
        { name: 'x', disabled: true, role: 'admin' },
      ]) {
        assertProblem(await app().call('PATCH', path, { as: left, body }), 409, 'conflict');
      }
      assertProblem(await app().call('DELETE', path, { as: left }), 409, 'conflict');
      assert.equal((await app().call('PATCH', path, { as: left, body: { name: 'Root' } })).status, 200);

      // A disabled one does not count.
      const third = await app().user('admin');
      await app().call('PATCH', `/v1/users/${third.id}`, { as: left, body: { disabled: true } });
      assertProblem(await app().call('DELETE', path, { as: left }), 409, 'conflict');
      assert.equal((await app().call('DELETE', `/v1/users/${third.id}`, { as: left })).status, 204);
    });
  },
  { env: { ADMIN_PASSWORD: 'not used here at all' } },
);

describe('open registration', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp({ env: { REGISTRATION: 'open' } });
  });
  after(() => app.close());

  it('makes a trader, logged in', async () => {
    const email = newEmail();
    const made = await app.call('POST', '/v1/auth/register', {
      body: { email, password: 'a long password' },
    });
    assert.equal(made.status, 201);
    assert.equal(made.body.user.role, 'trader');
    assert.equal(made.headers.get('cache-control'), 'no-store');
    const headers = { authorization: `Bearer ${made.body.accessToken}` };
    assert.equal((await app.call('GET', '/v1/portfolios', { headers })).status, 200);
    const body = { email, password: 'another password' };
    assertProblem(await app.call('POST', '/v1/auth/register', { body }), 409, 'conflict');
    assertProblem(
      await app.call('POST', '/v1/auth/register', { body: { ...body, role: 'admin' } }),
      400,
      'invalid-request',
    );
    assertNames(await app.call('POST', '/v1/auth/register', { body: { email, password: email } }), [
      '/password',
    ]);
  });
});

describe('a password', () => {
  it('is compared with a hash of the same cost when there is no such user: one comparison either way', async () => {
    const hashes: string[] = [];
    const compare = (stored: string, password: string): Promise<boolean> => {
      hashes.push(stored);
      return verify(stored, password);
    };
    const stored = await hashPassword('right password');
    assert.equal(await checkPassword(stored, 'right password', compare), true);
    assert.equal(await checkPassword(stored, 'wrong password', compare), false);
    assert.equal(await checkPassword(null, 'right password', compare), false);
    assert.equal(hashes.length, 3);
    const costs = hashes.map((each) => each.split('$').slice(0, 4).join('$'));
    assert.deepEqual(new Set(costs), new Set(['$argon2id$v=19$m=19456,t=2,p=1']));
    const lengths = hashes.map((each) =>
      each
        .split('$')
        .slice(4)
        .map((part) => part.length),
    );
    assert.deepEqual(lengths[2], lengths[0], 'salt and hash are as long, too');
  });

  it('is never right for an unknown user, not even the one that the stand-in was made from', async () => {
    assert.equal(await checkPassword(null, '', async () => true), false);
    assert.equal(await verify(await hash('x'), 'x'), true);
  });
});
