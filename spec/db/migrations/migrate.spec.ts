import assert from 'node:assert/strict';
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { migrate, rollback } from '../../../db/migrations/migrate.ts';
import { eachDatabase, newPostgresDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { clock, newPortfolio, trade } from '../../support/db/fixture.ts';

const NAMES = [
  '001-accounts',
  '002-ledger',
  '003-candles',
  '004-history',
  '005-candle-days',
  '010-access',
  '020-order-type',
  '021-trade-figures',
  '022-trade-search',
  '030-portfolio-statistics',
  '031-trade-indexes',
  '040-key-limits',
  '050-imports',
  '060-outbox',
  '070-fences',
  '080-result-filters',
  '090-invitations',
  '091-portfolio-tags',
  '095-stream-subscriptions',
  '096-outbox-order',
];

eachDatabase('migrations', (open) => {
  it('go up on an empty database, are not repeated, and come down again', async () => {
    const { knex, close } = await open();
    try {
      assert.deepEqual(await migrate(knex), NAMES);
      assert.deepEqual(await migrate(knex), []);
      await rollback(knex);
      assert.deepEqual(await migrate(knex), NAMES);
      assert.deepEqual(await knex('knex_migrations').pluck('name').orderBy('id'), NAMES);
    } finally {
      await close();
    }
  });

  it('leave room for nodes of the version before, which go on booking while theirs is replaced', async () => {
    const { knex, close } = await open();
    try {
      await migrate(knex);
      const { id } = await newPortfolio(knex);
      await bookEntries(knex, id, [trade('1', 0, '2'), trade('2', 1, '-1')], { clock });
      const [result] = await knex('trade_results').where({ portfolio_id: id });
      assert.equal(result.side, 'sell');
      await knex('trade_results').delete();
      // As 070 knows the table.
      const { entry_id, portfolio_id, gross, net, uncovered } = result;
      const opened_at = new Date(result.opened_at);
      await knex('trade_results').insert({ entry_id, portfolio_id, gross, net, uncovered, opened_at });
      assert.deepEqual(await knex('trade_results'), [result]);
    } finally {
      await close();
    }
  });
});

onPostgres('migrations of a fleet', () => {
  it('succeed on every node when several start on an empty database at once', async () => {
    const url = await newPostgresDatabase();
    const nodes = await Promise.all([1, 2, 3, 4].map(() => openOnPostgres({ url })));
    try {
      const applied = await Promise.all(nodes.map(({ knex }) => migrate(knex)));
      assert.deepEqual(
        applied.filter((names) => names.length > 0),
        [NAMES],
      );
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
    }
  });
});
