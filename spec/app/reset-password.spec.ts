import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resetPassword } from '../../app/reset-password.ts';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config/config.ts';
import { StartError } from '../../lib/start-error.ts';
import { startApp, TEST_PASSWORD, type TestApp } from '../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../support/databases.ts';
import { fillDataFolder } from '../support/data-folder.ts';
import { quiet } from '../support/log-watch.ts';

const surroundings = { clock: systemClock, logger: quiet };

onPostgres('a password that is reset by the operator', () => {
  let app: TestApp;
  let databaseUrl: string;
  before(async () => {
    databaseUrl = await newPostgresDatabase();
    app = await startApp({ databaseUrl });
  });
  after(() => app?.close());

  it('logs the user in, unlike the old one, and has ended the sessions', async () => {
    const user = await app.user('admin');
    const config = readConfig({ DATABASE_URL: databaseUrl, JWT_SECRET: 'x'.repeat(40) });
    const { email, password } = await resetPassword(config, user.email.toUpperCase(), surroundings);
    assert.equal(email, user.email);
    const logIn = (secret: string) =>
      app.call('POST', '/v1/auth/login', { body: { email, password: secret } });
    assert.equal((await logIn(TEST_PASSWORD)).status, 401);
    const { status, body } = await logIn(password);
    assert.equal(status, 200, JSON.stringify(body));
    const refreshed = await app.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: user.refreshToken },
    });
    assert.equal(refreshed.status, 401);
  });
});

describe('a password that is reset in the embedded database', () => {
  it('needs a user of that address', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'marktide-reset-'));
    try {
      await fillDataFolder(folder);
      const reset = resetPassword(readConfig({ DATA_DIR: folder }), undefined, surroundings);
      await assert.rejects(
        reset,
        (error) => error instanceof StartError && /There is no user/.test(error.message),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
