import assert from 'node:assert/strict';
import { isUnavailable } from '../../../db/connection/unavailable.ts';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { eachDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { startPostgres, type PostgresServer } from '../../support/postgres-server.ts';

eachDatabase('a database', (open) => {
  let opened: OpenedDatabase;

  before(async () => {
    opened = await open();
    await opened.knex.raw('create table numbers (n integer)');
  });
  after(() => opened.close());

  it('gives times as epoch milliseconds, bigint as numbers, numeric as text and jsonb parsed', async () => {
    const { rows } = await opened.knex.raw(`
      select timestamptz '2026-01-02 03:04:05.678+09' as time, timestamptz 'infinity' as never,
        9007199254740991::bigint as big, 12345678901234567890.123456789012345678::numeric(38,18) as amount,
        '[{"a":[1,"2"]}]'::jsonb as json, array['a','b,c','"'] as tags`);
    assert.deepEqual(rows, [
      {
        time: Date.UTC(2026, 0, 1, 18, 4, 5, 678),
        never: Infinity,
        big: 9007199254740991,
        amount: '12345678901234567890.123456789012345678',
        json: [{ a: [1, '2'] }],
        tags: ['a', 'b,c', '"'],
      },
    ]);
  });

  it('parses times of any session zone, with a zone of half an hour too', async () => {
    const time = await opened.knex.transaction(async (trx) => {
      await trx.raw(`set local time zone 'Asia/Kolkata'`);
      return (await trx.raw(`select timestamptz '2026-01-02 00:00:00.5Z' as time`)).rows[0].time;
    });
    assert.equal(time, Date.UTC(2026, 0, 2, 0, 0, 0, 500));
  });

  it('takes a date as a parameter to the millisecond', async () => {
    const time = Date.UTC(2026, 2, 29, 1, 30, 0, 123);
    const { rows } = await opened.knex.raw('select ?::timestamptz as time', [new Date(time)]);
    assert.equal(rows[0].time, time);
  });

  it('lets the rest of the process go on between statements that follow each other', async () => {
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    await opened.knex.transaction(async (trx) => {
      for (let n = 0; n < 20; n += 1) await trx.raw('select 1');
    });
    isOver = true;
    assert.ok(turns >= 20, `${turns} turns of the event loop`);
  });

  it('undoes a transaction that throws, and goes on', async () => {
    await assert.rejects(
      opened.knex.transaction(async (trx) => {
        await trx('numbers').insert({ n: 1 });
        await trx.raw('select no_such_column');
      }),
      /no_such_column/,
    );
    assert.deepEqual(await opened.knex('numbers'), []);
  });

  it('answers queries that wait for a transaction after it', async () => {
    const transaction = opened.knex.transaction(async (trx) => {
      await trx.raw('select 1');
      return 'done';
    });
    const others = Promise.all(
      Array.from({ length: 20 }, (_, n) => opened.knex.raw('select ?::int as n', [n])),
    );
    assert.equal(await transaction, 'done');
    assert.equal((await others).length, 20);
  });
});

onPostgres('an unavailable database', () => {
  let server: PostgresServer;
  let opened: OpenedDatabase;

  beforeEach(async () => {
    server = await startPostgres();
    opened = await openOnPostgres({ url: server.url, queryTimeout: 1_000 });
    await opened.knex.raw('select 1');
  });
  afterEach(async () => {
    await opened.close();
    await server.stop();
  });

  it('is recognised when it is stopped, and is used again when it is back', async () => {
    const running = opened.knex.raw('select pg_sleep(60)').then(
      () => assert.fail('answered'),
      (error: unknown) => error,
    );
    await opened.knex.raw('select 1');
    await server.kill('SIGINT');
    assert.ok(isUnavailable(await running), String(await running));
    await assert.rejects(opened.knex.raw('select 1'), (error) => isUnavailable(error));
    await server.restart();
    assert.equal((await opened.knex.raw('select 1 as one')).rows[0].one, 1);
  });

  it('is recognised when it is silent, and its silent connections are not used again', async () => {
    server.pause();
    await assert.rejects(opened.knex.raw('select 1'), (error) => isUnavailable(error));
    server.resume();
    assert.equal((await opened.knex.raw('select 1 as one')).rows[0].one, 1);
  });

  it('is not seen in an error of the query', async () => {
    await assert.rejects(opened.knex.raw('select no_such_column'), (error) => !isUnavailable(error));
  });
});
