import assert from 'node:assert/strict';
import * as portfolioTags from '../../../db/migrations/091-portfolio-tags.ts';
import { type Answer, startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';
import { StreamClient } from '../../support/stream-client.ts';

const QUOTAS = {
  PORTFOLIOS_PER_USER: '3',
  API_KEYS_PER_USER: '3',
  SHARES_PER_USER: '3',
  TAGS_PER_ENTRY: '3',
  TAGS_PER_PORTFOLIO: '5',
  ASSETS_PER_PORTFOLIO: '4',
};

const TRADE = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: '2026-01-01T00:00:00.000Z' };
const TRANSFER = { kind: 'deposit', asset: 'KRW', quantity: '1', time: '2026-01-01T00:00:00.000Z' };

/** More requests at once than there is room for. */
const MANY = 8;

interface Things {
  /** What each of the quotas is for: asks for the nth of it. */
  make: (app: TestApp, as: TestUser, n: number) => Promise<Answer>;
  /** Gives one of those that were made back. */
  drop: (app: TestApp, as: TestUser, made: Answer) => Promise<Answer>;
  variable: string;
}

const THINGS: Record<string, Things> = {
  portfolios: {
    make: (app, as, n) => app.call('POST', '/v1/portfolios', { as, body: { name: `P${n}` } }),
    drop: (app, as, { body }) => app.call('DELETE', `/v1/portfolios/${body.id}`, { as }),
    variable: 'PORTFOLIOS_PER_USER',
  },
  'API keys': {
    make: (app, as, n) => app.call('POST', '/v1/api-keys', { as, body: { name: `K${n}`, scopes: ['read'] } }),
    drop: (app, as, { body }) => app.call('DELETE', `/v1/api-keys/${body.id}`, { as }),
    variable: 'API_KEYS_PER_USER',
  },
};

/** Room for three: of many that ask at once, through any of the apps, three get it; and the next when one has gone. */
async function assertQuota(
  apps: readonly TestApp[],
  as: TestUser,
  { make, drop, variable }: Things,
): Promise<void> {
  const [app = assert.fail()] = apps;
  const answers = await Promise.all(
    Array.from({ length: MANY }, (_, n) => make(apps[n % apps.length] ?? app, as, n)),
  );
  const made = answers.filter(({ status }) => status < 300);
  assert.equal(made.length, 3);
  for (const answer of answers) {
    if (answer.status < 300) continue;
    assertProblem(answer, 409, 'quota-exceeded');
    assert.match(answer.body.detail, new RegExp(`limit is 3 .*${variable}.*[Dd]elete`));
  }
  const [first = assert.fail()] = made;
  assert.equal((await drop(app, as, first)).status, 204);
  const next = await make(app, as, MANY);
  assert.ok(next.status < 300, JSON.stringify(next.body));
  assertProblem(await make(app, as, MANY + 1), 409, 'quota-exceeded');
}

/** Shares of two portfolios with users of their own. */
async function shareThings(app: TestApp, owner: TestUser): Promise<Things> {
  const paths: string[] = [];
  for (const name of ['One', 'Two']) {
    const { body } = await app.call('POST', '/v1/portfolios', { as: owner, body: { name } });
    paths.push(`/v1/portfolios/${body.id}/shares`);
  }
  const friends: TestUser[] = [];
  for (let n = 0; n < MANY + 2; n += 1) friends.push(await app.user('viewer'));
  const pathOf = new Map(friends.map(({ id }, n) => [id, paths[n % 2] ?? '']));
  return {
    make: (through, as, n) => {
      const { id = '' } = friends[n] ?? {};
      return through.call('PUT', pathOf.get(id) ?? '', { as, body: { userId: id, access: 'read' } });
    },
    drop: (through, as, { body }) =>
      through.call('DELETE', `${pathOf.get(body.userId)}/${body.userId}`, { as }),
    variable: 'SHARES_PER_USER',
  };
}

eachApp(
  'quotas of a user',
  (app) => {
    for (const [name, things] of Object.entries(THINGS)) {
      it(`bound ${name}, also when many are asked for at once, and only the user's own`, async () => {
        await assertQuota([app()], await app().user(), things);
        await assertQuota([app()], await app().user(), things);
      });
    }

    it('bound shares of all portfolios together, invitations that were not accepted among them', async () => {
      const owner = await app().user();
      await assertQuota([app()], owner, await shareThings(app(), owner));
    });

    it('let the access of a share be changed when there is no room for another', async () => {
      const owner = await app().user();
      const things = await shareThings(app(), owner);
      for (let n = 0; n < 3; n += 1) assert.equal((await things.make(app(), owner, n)).status, 200);
      assert.equal((await things.make(app(), owner, 0)).status, 200);
      assertProblem(await things.make(app(), owner, 3), 409, 'quota-exceeded');
    });

    describe('on assets', () => {
      let owner: TestUser;
      let path: string;
      before(async () => {
        owner = await app().user();
      });
      beforeEach(async () => {
        const { body } = await app().call('POST', '/v1/portfolios', { as: owner, body: { name: 'P' } });
        path = `/v1/portfolios/${body.id}`;
      });
      afterEach(() => app().call('DELETE', path, { as: owner }));
      const send = (...symbols: string[]): Promise<Answer> =>
        app().call('POST', `${path}/trades`, {
          as: owner,
          body: { items: symbols.map((symbol) => ({ ...TRADE, symbol })) },
        });
      const importFile = (...symbols: string[]): Promise<Answer> =>
        app().call('POST', `${path}/trades/import`, {
          as: owner,
          headers: { 'content-type': 'text/csv' },
          body: `time,symbol,side,quantity,price\n${symbols.map((each) => `${TRADE.time},${each},buy,1,1\n`).join('')}`,
        });
      const isRefused = (answer: Answer): void => {
        assertProblem(answer, 409, 'quota-exceeded');
        assert.match(answer.body.detail, /4 different assets.*ASSETS_PER_PORTFOLIO/);
      };

      it('refuse a trade or a transfer of one too many, and nothing of those that are there', async () => {
        const booked = await send('A/KRW', 'B/KRW', 'C/KRW');
        assert.equal(booked.status, 201);
        isRefused(await send('D/KRW'));
        isRefused(await send('A/KRW', 'A/D'));
        isRefused(
          await app().call('POST', `${path}/transfers`, { as: owner, body: { ...TRANSFER, asset: 'D' } }),
        );
        const trade = `${path}/trades/${booked.body.items[0].trade.id}`;
        isRefused(await app().call('PATCH', trade, { as: owner, body: { symbol: 'D/KRW' } }));
        assert.equal((await app().call('PATCH', trade, { as: owner, body: { note: 'x' } })).status, 200);
        assert.equal((await send('C/KRW', 'A/B')).status, 201);
      });

      it('refuse a file with too many, or that brings too many', async () => {
        isRefused(await importFile('A/KRW', 'B/KRW', 'C/KRW', 'D/KRW'));
        assert.equal((await importFile('A/KRW', 'B/KRW', 'C/KRW')).status, 201);
        isRefused(await importFile('A/KRW', 'D/KRW'));
        assert.equal((await importFile('A/KRW', 'B/KRW')).status, 200);
      });
    });

    describe('on tags', () => {
      let owner: TestUser;
      let path: string;
      const book = (tags: string[], to = 'trades', more = {}): Promise<Answer> =>
        app().call('POST', `${path}/${to}`, {
          as: owner,
          body: { ...(to === 'trades' ? TRADE : TRANSFER), tags, ...more },
        });
      /** The counts that are kept, which must be those of the entries. */
      const counted = async (): Promise<Record<string, number>> => {
        const { db } = app().services;
        const portfolioId = path.split('/').at(-1) ?? '';
        const kept: { tag: string; entries: number }[] = await db('portfolio_tags')
          .where({ portfolio_id: portfolioId })
          .orderBy('tag')
          .select('tag', 'entries');
        const { rows } = await db.raw<{ rows: { tag: string; entries: number }[] }>(
          `select tag, count(distinct id)::integer as entries from ledger_entries, unnest(tags) as tag
           where portfolio_id = ? group by tag order by tag`,
          [portfolioId],
        );
        assert.deepEqual(kept, rows);
        return Object.fromEntries(kept.map(({ tag, entries }) => [tag, entries]));
      };

      beforeEach(async () => {
        owner = await app().user();
        const { body } = await app().call('POST', '/v1/portfolios', { as: owner, body: { name: 'P' } });
        path = `/v1/portfolios/${body.id}`;
      });

      it('bound those of an entry: 400, by name', async () => {
        for (const to of ['trades', 'transfers']) {
          const refused = await book(['a', 'b', 'c', 'd'], to);
          assertProblem(refused, 400, 'invalid-request');
          assertNames(refused, ['/tags']);
          assert.match(refused.body.errors[0].detail, /3 tags \(TAGS_PER_ENTRY\)/);
          const made = await book(['a', 'b', 'c'], to);
          assert.equal(made.status, 201);
          const at = `${path}/${to}/${made.body.id}`;
          const body = { tags: ['a', 'b', 'c', 'd'] };
          assertNames(await app().call('PATCH', at, { as: owner, body }), ['/tags']);
        }
        const items = [TRADE, { ...TRADE, tags: ['a', 'b', 'c', 'd'] }];
        const batch = await app().call('POST', `${path}/trades`, { as: owner, body: { items } });
        assertNames(batch, ['/items/1/tags']);
        const csv = `time,symbol,side,quantity,price,tags\n${TRADE.time},BTC/KRW,buy,1,1,a;b;c;d\n`;
        const imported = await app().call('POST', `${path}/trades/import`, {
          as: owner,
          body: csv,
          headers: { 'content-type': 'text/csv' },
        });
        assertProblem(imported, 422, 'unprocessable-entry');
        assert.equal(imported.body.errors[0].column, 'tags');
      });

      it('bound the different ones of a portfolio, in trades and transfers together', async () => {
        await book(['a', 'b', 'c']);
        const other = await book(['c', 'd', 'e'], 'transfers');
        assert.deepEqual(await counted(), { a: 1, b: 1, c: 2, d: 1, e: 1 });
        for (const to of ['trades', 'transfers']) {
          const refused = await book(['a', 'f'], to);
          assertProblem(refused, 409, 'quota-exceeded');
          assert.match(refused.body.detail, /limit is 5 different tags .*TAGS_PER_PORTFOLIO/);
        }
        // What is there already goes on.
        const again = await book(['a', 'e']);
        assert.equal(again.status, 201);
        const change = (id: string, to: string, tags: string[]): Promise<Answer> =>
          app().call('PATCH', `${path}/${to}/${id}`, { as: owner, body: { tags } });
        assertProblem(await change(again.body.id, 'trades', ['f']), 409, 'quota-exceeded');
        // `d` has no other entry: it makes way for the new one.
        assert.equal((await change(other.body.id, 'transfers', ['c', 'e', 'f'])).status, 200);
        assert.deepEqual(await counted(), { a: 2, b: 1, c: 2, e: 2, f: 1 });
        assertProblem(await book(['g']), 409, 'quota-exceeded');
        assert.equal(
          (await app().call('DELETE', `${path}/transfers/${other.body.id}`, { as: owner })).status,
          204,
        );
        assert.deepEqual(await counted(), { a: 2, b: 1, c: 1, e: 1 });
        assert.equal((await book(['g'])).status, 201);
        // A note can be changed whatever the number of tags.
        const noted = await app().call('PATCH', `${path}/trades/${again.body.id}`, {
          as: owner,
          body: { note: 'n' },
        });
        assert.equal(noted.status, 200);
      });

      it('count an entry once, however often it is sent, and not at all when it is refused', async () => {
        const key = { externalId: 'x' };
        await book(['a', 'a', 'b'], 'trades', key);
        assert.equal((await book(['a', 'a', 'b'], 'trades', key)).status, 200);
        await app().call('POST', `${path}/trades`, {
          as: owner,
          body: {
            items: [
              { ...TRADE, tags: ['c'] },
              { ...TRADE, tags: ['d', 'e'] },
              { ...TRADE, tags: ['f'] },
            ],
          },
        });
        assert.deepEqual(await counted(), { a: 1, b: 1 });
      });

      it('hold for a file', async () => {
        const send = (...tags: string[]): Promise<Answer> =>
          app().call('POST', `${path}/trades/import`, {
            as: owner,
            body: `time,symbol,side,quantity,price,tags\n${tags.map((tag) => `${TRADE.time},BTC/KRW,buy,1,1,${tag}\n`).join('')}`,
            headers: { 'content-type': 'text/csv' },
          });
        assertProblem(await send('a', 'b', 'c', 'd', 'e', 'f'), 409, 'quota-exceeded');
        assert.deepEqual(await counted(), {});
        assert.equal((await send('a;b', 'c', 'a;d', 'e')).status, 201);
        assert.deepEqual(await counted(), { a: 2, b: 1, c: 1, d: 1, e: 1 });
      });

      it('are counted by the migration as they are by bookings', async () => {
        await book(['a', 'a', 'b']);
        await book(['b', 'c'], 'transfers');
        const { db } = app().services;
        await portfolioTags.down(db);
        await portfolioTags.up(db);
        assert.deepEqual(await counted(), { a: 1, b: 2, c: 1 });
      });
    });
  },
  { env: QUOTAS },
);

onPostgres('quotas of a user, asked of two nodes at once', () => {
  const nodes: TestApp[] = [];

  before(async () => {
    const databaseUrl = await newPostgresDatabase();
    for (let n = 0; n < 2; n += 1) nodes.push(await startApp({ databaseUrl, env: QUOTAS }));
  });
  after(async () => {
    for (const node of nodes) await node.close();
  });

  for (const [name, things] of Object.entries(THINGS)) {
    it(`bound ${name}`, async () => {
      await assertQuota(nodes, await (nodes[0] ?? assert.fail()).user(), things);
    });
  }

  it('bound shares', async () => {
    const [first = assert.fail()] = nodes;
    const owner = await first.user();
    await assertQuota(nodes, owner, await shareThings(first, owner));
  });

  it('bound tags of a portfolio', async () => {
    const [first = assert.fail()] = nodes;
    const as = await first.user();
    const { body } = await first.call('POST', '/v1/portfolios', { as, body: { name: 'P' } });
    const answers = await Promise.all(
      Array.from({ length: MANY }, (_, n) =>
        (nodes[n % 2] ?? first).call('POST', `/v1/portfolios/${body.id}/trades`, {
          as,
          body: { ...TRADE, tags: [`tag ${n}`] },
        }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 5);
    for (const answer of answers) if (answer.status !== 201) assertProblem(answer, 409, 'quota-exceeded');
  });
});

describe('the sessions of a user', () => {
  it('are bounded: another log-in ends the one that was used least recently, and its streams', async () => {
    const app = await startApp({ env: { SESSIONS_PER_USER: '2' } });
    try {
      const user = await app.user();
      const { authorization } = user;
      const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
        headers: { authorization },
      });
      await stream.ready();
      const logIn = (): Promise<Answer> =>
        app.call('POST', '/v1/auth/login', { body: { email: user.email, password: TEST_PASSWORD } });
      for (let n = 0; n < 2; n += 1) assert.equal((await logIn()).status, 200);
      assertProblem(await app.call('GET', '/v1/auth/me', { as: user }), 401, 'unauthorized');
      await stream.closed();
      assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
    } finally {
      await app.close();
    }
  });
});
