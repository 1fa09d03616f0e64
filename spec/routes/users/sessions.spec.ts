import assert from 'node:assert/strict';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

describe('the sessions of a user', () => {
  let app: TestApp;
  let user: TestUser;
  let other: TestUser;

  before(async () => {
    app = await startApp();
    user = await app.user();
    other = await app.user();
  });
  after(() => app.close());

  async function logIn(userAgent: string): Promise<TestUser> {
    const { body } = await app.call('POST', '/v1/auth/login', {
      body: { email: user.email, password: TEST_PASSWORD },
      headers: { 'user-agent': userAgent },
    });
    return { ...user, ...body, authorization: `Bearer ${body.accessToken}` };
  }

  it('are listed by device, and this one is marked', async () => {
    const phone = await logIn(`Phone/1 ${'x'.repeat(400)}`);
    const { status, body } = await app.call('GET', '/v1/auth/sessions', { as: phone });
    assert.equal(status, 200);
    const [first, second] = body.items;
    assert.ok(first.userAgent.startsWith('Phone/1') && first.userAgent.length === 300);
    assert.deepEqual([first.isCurrent, second.isCurrent], [true, false]);
    assert.equal(body.items.length, 2);
  });

  it('end one by one, with their tokens', async () => {
    const laptop = await logIn('Laptop/1');
    const { body } = await app.call('GET', '/v1/auth/sessions', { as: user });
    const { id } = body.items.find(({ userAgent }: { userAgent: string }) => userAgent === 'Laptop/1');
    const path = `/v1/auth/sessions/${id}`;
    assertProblem(await app.call('DELETE', path, { as: other }), 404, 'not-found');
    assert.equal((await app.call('GET', '/v1/auth/me', { as: laptop })).status, 200);
    assert.equal((await app.call('DELETE', path, { as: user })).status, 204);
    assertProblem(await app.call('GET', '/v1/auth/me', { as: laptop }), 401, 'unauthorized');
    assertProblem(await app.call('DELETE', path, { as: user }), 404, 'not-found');
    const after = await app.call('GET', '/v1/auth/sessions', { as: user });
    assert.ok(!after.body.items.some((session: { id: string }) => session.id === id));
  });
});
