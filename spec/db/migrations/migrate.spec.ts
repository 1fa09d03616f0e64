import assert from 'node:assert/strict';
import { bookEntries, removeEntry } from '../../../db/ledger/ledger.ts';
import { loadPositions } from '../../../db/ledger/positions.ts';
import { refoldAll } from '../../../db/ledger/refold.ts';
import { migrate, rollback } from '../../../db/migrations/migrate.ts';
import { newId } from '../../../lib/id.ts';
import {
  eachEmptyDatabase,
  emptyPostgresDatabase,
  onPostgres,
  openOnPostgres,
} from '../../support/databases.ts';
import { clock, newPortfolio, positionsText, trade } from '../../support/db/fixture.ts';

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
  '100-import-pages',
  '101-entry-sequence',
  '105-fleet',
  '106-timeline',
  '110-rate-origins',
  '120-import-entries',
  '130-entry-kinds',
  '131-import-mappings',
  '132-import-entry-index',
  '140-rejected-matches',
  '141-import-kinds',
];

eachEmptyDatabase('migrations', (open) => {
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

  it('leave entries of the version before in their order, and take what its nodes still book', async () => {
    const { knex, close } = await open();
    try {
      await migrate(knex);
      const { id } = await newPortfolio(knex);
      const old = await bookEntries(
        knex,
        id,
        [trade('2', 0, '2'), trade('1', 0, '-1'), trade(null, 0, '1')],
        { clock },
      );
      // As it ordered one instant: by source and id, and by arrival.
      const ties = ['2\tupbit\t0012\t2', '2\tupbit\t0011\t1', '2\t~0000000000000003'];
      for (const [index, { entry }] of old.outcomes.entries()) {
        await knex('ledger_entries').where({ id: entry.id }).update({ tie: ties[index] });
      }
      const { terms } = await loadPositions(knex, id);
      await knex.transaction((trx) => refoldAll(trx, id, terms));
      const known = await knex('ledger_entries').where({ portfolio_id: id }).first();
      const before = await positionsText(knex, id);
      // A sale that this version books: behind them, so that what they came to stays.
      const { outcomes } = await bookEntries(knex, id, [trade('0', 0, '-1', { place: 1 })], { clock });
      const { sequence: _, id: _id, symbol: _s, ...row } = known;
      const late = { ...row, external_id: 'late', id: newId(clock), tie: '2\tupbit\tlate\tlate' };
      await knex('ledger_entries').insert({
        ...late,
        time: new Date(row.time),
        created_at: new Date(0),
        updated_at: new Date(0),
      });
      const order = await knex('ledger_entries')
        .where({ portfolio_id: id })
        .orderBy(['time', 'tie'])
        .pluck('external_id');
      assert.deepEqual(order, ['1', '2', 'late', null, '0']);
      await knex('ledger_entries').where({ id: late.id }).delete();
      await removeEntry(knex, id, outcomes[0]?.entry.id ?? '', { clock });
      assert.equal(await positionsText(knex, id), before);
    } finally {
      await close();
    }
  });
});

onPostgres('migrations of a fleet', () => {
  it('succeed on every node when several start on an empty database at once', async () => {
    const url = await emptyPostgresDatabase();
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
