import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { watch } from '../../support/log-watch.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { UpbitAccounts } from '../../support/upbit-accounts.ts';

const DAY = 86_400_000;
/** The first day of Upbit: there is little history to read. */
const START = Date.UTC(2017, 9, 24);
const FIRST = 'the first key that accounts are encrypted under';
const SECOND = 'the second key, which takes the place of the first';

onPostgres('the key of accounts at exchanges', () => {
  let upbit: UpbitAccounts;
  let databaseUrl: string;
  let owner: TestUser;
  let path: string;
  const clock = new ShiftedClock();

  async function withNode<T>(keys: Record<string, string>, task: (app: TestApp) => Promise<T>): Promise<T> {
    const env = { ...upbit.env, ACCOUNT_POLL_S: '5', ...keys };
    const app = await startApp({ clock, databaseUrl, env });
    try {
      return await task(app);
    } finally {
      await app.close();
    }
  }

  /** Looks at the account until it is as awaited. */
  async function until(
    app: TestApp,
    phase: string,
    since: number,
  ): Promise<{ failure: { code: string } | null }> {
    const { body } = await app.call('GET', `${path}/accounts`, { as: owner });
    await app.call('POST', `${path}/accounts/${body.items[0].id}/sync`, { as: owner });
    return await eventually(async () => {
      const { body: now } = await app.call('GET', `${path}/accounts`, { as: owner });
      const [account] = now.items;
      const isNew = phase !== 'current' || Date.parse(account.lastSuccessAt ?? '') >= since;
      return account.phase === phase && isNew && account;
    }, phase);
  }

  async function sealed(app: TestApp): Promise<string> {
    const { rows } = await app.services.db.raw('select sealed from exchange_accounts');
    return Buffer.from(rows[0].sealed).toString('base64');
  }

  before(async () => {
    upbit = await new UpbitAccounts().start();
    watch.learn(upbit.secretKey, FIRST, SECOND);
    upbit.move('deposit', 'KRW', { amount: '10000', at: START + DAY });
    databaseUrl = await newPostgresDatabase();
  });
  after(() => upbit.stop());

  it('is changed without entering a key again, and a wrong one stops accounts alone', async () => {
    // Tokens are checked by the real clock, and a node must not see its clock go back.
    await withNode({}, async (app) => {
      owner = await app.user();
      const { body } = await app.call('POST', '/v1/portfolios', { as: owner, body: { name: 'Own' } });
      path = `/v1/portfolios/${body.id}`;
    });
    clock.shift = START + 30 * DAY - Date.now();
    const before = await withNode({ SECRETS_KEY: FIRST }, async (app) => {
      await app.call('POST', `${path}/accounts`, { as: owner, body: upbit.input });
      await until(app, 'current', 0);
      return await sealed(app);
    });
    await withNode({ SECRETS_KEY: SECOND }, async (app) => {
      const { failure } = await until(app, 'failing', 0);
      assert.equal(failure?.code, 'secrets-key-missing');
      const { body } = await app.call('GET', `${path}/holdings`, { as: owner });
      assert.deepEqual(
        body.items.map(({ asset, quantity }: Record<string, string>) => [asset, quantity]),
        [['KRW', '10000']],
      );
      assert.equal(await sealed(app), before);
    });
    const after = await withNode({ SECRETS_KEY: SECOND, SECRETS_KEY_PREVIOUS: FIRST }, async (app) => {
      await until(app, 'current', clock.now());
      return await sealed(app);
    });
    assert.notEqual(after, before);
    await withNode({ SECRETS_KEY: SECOND }, (app) => until(app, 'current', clock.now()));
  });

  it('and credentials are in no table of the database as they are', async () => {
    await withNode({ SECRETS_KEY: SECOND }, async (app) => {
      const { rows }: { rows: { name: string }[] } = await app.services.db.raw(
        `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
      );
      for (const { name } of rows) {
        const { rows: found } = await app.services.db.raw(
          `select count(*) as count from ${name} as each
           where each::text like '%${upbit.secretKey}%' or each::text like '%${upbit.accessKey}%'`,
        );
        assert.equal(Number(found[0].count), 0, name);
      }
      assert.ok(rows.length > 20);
    });
  });
});
