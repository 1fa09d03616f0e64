import assert from 'node:assert/strict';
import { adoptMarket } from '../../../db/fleet.ts';
import { findRevaluable, valueEntries } from '../../../db/ledger/late-rates.ts';
import { type Candle, closeAt, upsertCandles } from '../../../db/market/candles.ts';
import * as marketWorlds from '../../../db/migrations/160-market-worlds.ts';
import { fixed } from '../../../lib/money/money.ts';
import { bookEntries, removeEntry } from '../../../db/ledger/ledger.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { refoldAll } from '../../../db/ledger/positions/refold.ts';
import { migrate, rollback } from '../../../db/migrations/migrate.ts';
import { newId } from '../../../lib/id.ts';
import {
  eachEmptyDatabase,
  emptyPostgresDatabase,
  onPostgres,
  openOnPostgres,
} from '../../support/databases.ts';
import { clock, newPortfolio, NOON, positionsText, trade } from '../../support/db/fixture.ts';

const MINUTE = 60_000;

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
  '142-import-confirmed',
  '150-exchange-accounts',
  '151-outbox-server',
  '160-market-worlds',
  '170-linked-portfolios',
  '171-token-changes',
  '172-market-gaps',
  '173-backfills',
  '174-session-devices',
  '175-backfill-readers',
  '176-checkpoint-lots',
  '180-market-doubts',
  '185-imported-entries',
  '186-sure-joins',
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

  it('keep made-up prices apart, and look up again what a real portfolio took from them', async () => {
    const { knex, close } = await open();
    try {
      await migrate(knex);
      const { id } = await newPortfolio(knex);
      const candle = (simulated: boolean, price: string): Candle => ({
        symbol: 'ETH/KRW',
        time: NOON - MINUTE,
        closeTime: NOON - 1,
        simulated,
        open: fixed(price),
        high: fixed(price),
        low: fixed(price),
        close: fixed(price),
        volume: 0n,
        quoteVolume: 0n,
        trades: 1,
      });
      await marketWorlds.down(knex);
      // As the version before stored it: one key for either, and rates from whatever was there.
      await knex('candles').insert({
        symbol: 'ETH/KRW',
        time: new Date(NOON - MINUTE),
        close_time: new Date(NOON - 1),
        simulated: true,
        open: '5',
        high: '5',
        low: '5',
        close: '5',
        volume: '0',
        quote_volume: '0',
        trades: 1,
      });
      await knex.raw('alter table portfolios add column simulated boolean not null default false');
      const fee = { fee: { amount: fixed('0.1'), currency: 'ETH' }, feeRate: fixed('5') };
      const origins = { fee: { source: 'market', path: ['ETH/KRW'], time: NOON - 1 } } as const;
      const { outcomes } = await bookEntries(knex, id, [trade('1', 0, '2', { ...fee, origins })], { clock });
      await knex.raw('alter table portfolios drop column simulated');
      await marketWorlds.up(knex);
      const { found } = await findRevaluable(knex, null, 10);
      assert.deepEqual([...found], [[id, [outcomes[0]?.entry.id]]]);
      await valueEntries(knex, id, found.get(id) ?? [], { clock });
      assert.equal((await knex('ledger_entries').first('fee_rate')).fee_rate, null);
      // The two keys are apart, and a real price takes the place of nothing.
      await upsertCandles(knex, [candle(false, '6')], 'merge');
      assert.equal((await closeAt(knex, 'ETH/KRW', NOON))?.price, fixed('6'));
      assert.equal((await closeAt(knex, 'ETH/KRW', NOON, true))?.price, fixed('5'));
      assert.deepEqual([...(await findRevaluable(knex, null, 10)).found.keys()], [id]);
      assert.deepEqual(await adoptMarket(knex, true), { generation: 0, hasChanged: false }, 'it was made up');
      assert.deepEqual(await adoptMarket(knex, false), { generation: 1, hasChanged: true });
      assert.deepEqual(await adoptMarket(knex, false), { generation: 1, hasChanged: false });
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
