import assert from 'node:assert/strict';
import { revokeUserSessions } from '../../../db/users/sessions.ts';
import { updateUser } from '../../../db/users/users.ts';
import { systemClock } from '../../../lib/clock.ts';
import { hashPassword } from '../../../lib/tokens/password.ts';
import { type Answer, startApp, type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const NEW_PASSWORD = 'another password';
const env = { RATE_LIMIT_LOGIN: '0', RATE_LIMIT_LOGIN_FAILURES: '0' };

function login(app: TestApp, { email }: TestUser, password = TEST_PASSWORD): Promise<Answer> {
  return app.call('POST', '/v1/auth/login', { body: { email, password } });
}

function change(app: TestApp, as: TestUser, newPassword: string): Promise<Answer> {
  return app.call('POST', '/v1/auth/password', { as, body: { currentPassword: TEST_PASSWORD, newPassword } });
}

async function statusOfMe(app: TestApp, accessToken: string): Promise<number> {
  const headers = { authorization: `Bearer ${accessToken}` };
  return (await app.call('GET', '/v1/auth/me', { headers })).status;
}

onPostgres('a log-in whose password was right when it was looked at', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp({ databaseUrl: await newPostgresDatabase(), env });
  });
  after(() => app.close());

  /** Runs `ask`, and what is done to the user's row between its looking at the password and its next step. */
  async function whileHeld(
    user: TestUser,
    ask: () => Promise<Answer>,
    act: (trx: TestApp['services']['db']) => Promise<unknown>,
  ): Promise<Answer> {
    const { db } = app.services;
    const asking: Promise<Answer>[] = [];
    await db.transaction(async (trx) => {
      await trx('users').where({ id: user.id }).forUpdate();
      asking.push(ask());
      const isWaiting = async (): Promise<boolean> =>
        (await trx.raw<{ rows: unknown[] }>('select 1 from pg_locks where not granted')).rows.length > 0;
      await eventually(isWaiting, 'a request that waits for the row');
      await act(trx);
    });
    const [answer] = await Promise.all(asking);
    assert.ok(answer !== undefined);
    return answer;
  }

  it('is refused once the password has been changed', async () => {
    const user = await app.user();
    const passwordHash = await hashPassword(NEW_PASSWORD);
    const answer = await whileHeld(
      user,
      () => login(app, user),
      async (trx) => {
        await updateUser(trx, user.id, { passwordHash });
        await revokeUserSessions(trx, user.id, { clock: systemClock });
      },
    );
    assertProblem(answer, 401, 'invalid-credentials');
    const alive = await app.services.db('sessions').where({ user_id: user.id, revoked_at: null });
    assert.equal(alive.length, 0, 'no session was made by the old password');
    assert.equal((await login(app, user, NEW_PASSWORD)).status, 200);
  });

  it('is refused once the user has been disabled', async () => {
    const user = await app.user();
    const answer = await whileHeld(
      user,
      () => login(app, user),
      (trx) => updateUser(trx, user.id, { disabledAt: Date.now() }),
    );
    assertProblem(answer, 401, 'invalid-credentials');
    const alive = await app.services.db('sessions').where({ user_id: user.id, revoked_at: null });
    // The one it had before, which is dead while the user is disabled.
    assert.equal(alive.length, 1);
  });

  it('does not change it if it was changed meanwhile', async () => {
    const user = await app.user();
    const passwordHash = await hashPassword(NEW_PASSWORD);
    const answer = await whileHeld(
      user,
      () => change(app, user, 'a third password'),
      (trx) => updateUser(trx, user.id, { passwordHash }),
    );
    assertProblem(answer, 400, 'invalid-request');
    assertNames(answer, ['/currentPassword']);
    assert.equal((await login(app, user, NEW_PASSWORD)).status, 200);
  });
});

eachApp(
  'a change of password while somebody logs in with the old one',
  (app) => {
    it('leaves no session that was made with it, and of two changes at once makes one', async () => {
      for (let round = 0; round < 3; round += 1) {
        const user = await app().user();
        const changes = [change(app(), user, NEW_PASSWORD), change(app(), user, 'a third password')];
        const progress = { isOver: false };
        const changed = Promise.all(changes).finally(() => {
          progress.isOver = true;
        });
        const logins: Answer[] = [];
        while (!progress.isOver) {
          logins.push(...(await Promise.all([login(app(), user), login(app(), user)])));
        }
        const statuses = (await changed).map(({ status }) => status).sort();
        assert.deepEqual(statuses, [204, 400]);
        for (const { status, body } of logins) {
          assert.ok(status === 200 || status === 401, JSON.stringify(body));
          if (status === 200) assert.equal(await statusOfMe(app(), body.accessToken), 401);
        }
        assert.equal(await statusOfMe(app(), user.accessToken), 200, 'who changed it stays');
        assert.equal((await login(app(), user)).status, 401);
      }
    });
  },
  { env },
);
