import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { type Lookups, openLookups } from '../../../db/users/lookups.ts';
import { createSession, revokeSession } from '../../../db/users/sessions.ts';
import { eachDatabase } from '../../support/databases.ts';
import { clock, newPortfolio, NOON } from '../../support/db/fixture.ts';

const NOBODY = '00000000-0000-7000-8000-000000000000';

eachDatabase('lookups', (open) => {
  let opened: OpenedDatabase;
  let lookups: Lookups;
  let statements: string[];

  beforeEach(async () => {
    opened = await open();
    lookups = openLookups(opened.knex, { clock });
    statements = [];
    opened.knex.on('query', ({ sql }: { sql: string }) => statements.push(sql));
  });
  afterEach(() => opened.close());

  it('of one turn are one statement, and each is answered what it asked for', async () => {
    const [a, b] = [await newPortfolio(opened.knex), await newPortfolio(opened.knex)];
    statements.length = 0;
    const found = await Promise.all([a.id, b.id, NOBODY, a.id].map((id) => lookups.portfolio(id)));
    assert.deepEqual(found, [a, b, null, a]);
    assert.equal(statements.length, 1);
  });

  it('of very many are as many statements as their bound says', async () => {
    await Promise.all(Array.from({ length: 401 }, () => lookups.portfolio(NOBODY)));
    assert.equal(statements.length, 3);
  });

  it('see what was committed before they were asked for, however many were asked for meanwhile', async () => {
    const { id } = await newPortfolio(opened.knex);
    for (let version = 1; version <= 20; version += 1) {
      const before = lookups.portfolio(id);
      await opened.knex('portfolios').where({ id }).update({ version });
      const [now, again] = await Promise.all([lookups.portfolio(id), lookups.portfolio(id)]);
      assert.deepEqual([now?.version, again?.version], [version, version]);
      await before;
    }
  });

  it('know a session until it is revoked, with the role that its user has now', async () => {
    const { userId } = await newPortfolio(opened.knex);
    const token = { hash: 'a', expiresAt: NOON + 60_000 };
    const session = await createSession(opened.knex, { userId, passwordHash: 'x' }, token, { clock });
    assert.ok(session !== null);
    assert.equal(await lookups.role(session.id), 'trader');
    await opened.knex('users').where({ id: userId }).update({ role: 'viewer' });
    assert.deepEqual(await Promise.all([session.id, NOBODY].map((id) => lookups.role(id))), ['viewer', null]);
    await revokeSession(opened.knex, session.id, { clock });
    assert.equal(await lookups.role(session.id), null);
  });

  it('fail together, and are asked anew the next time', async () => {
    const { id } = await newPortfolio(opened.knex);
    await opened.knex.raw('alter table portfolios rename to elsewhere');
    const failed = await Promise.allSettled([lookups.portfolio(id), lookups.portfolio(NOBODY)]);
    assert.deepEqual(
      failed.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    await opened.knex.raw('alter table elsewhere rename to portfolios');
    assert.equal((await lookups.portfolio(id))?.id, id);
  });
});
