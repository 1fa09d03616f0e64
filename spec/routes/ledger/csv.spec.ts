import assert from 'node:assert/strict';
import { request, type IncomingMessage } from 'node:http';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { ENTRY_RECORDSET } from '../../../db/ledger/entries/entry-row.ts';
import { startApp, type TestUser } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { runs } from '../../support/runs.ts';
import { share } from '../../support/share.ts';
import { bookkeeper, randomEntries } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';
import { filters, randomTrades } from '../../support/routes/random-trades.ts';
import type { Filter } from '../../support/routes/trade-oracle.ts';

const TRADE_NAMES =
  'time,exchange,symbol,side,type,quantity,price,feeAmount,feeCurrency,externalId,orderId,note,tags';
const FIGURES = 'id,value,feeValue,realizedPnl.gross,realizedPnl.net,createdAt,updatedAt';

type Cell = string | boolean | null;

/** What a spreadsheet would run, or take apart, and what an import might lose. */
const NASTY = [
  '=1+1',
  '@SUM(A1)',
  "'=1",
  '-1',
  '+1',
  ' "quoted", and; more ',
  'two\nlines',
  'three\r\nlines\r',
  '\t=1',
  '＝1',
  'back\\slash;',
  '한글 메모',
  '"',
];

eachApp('CSV files', (app) => {
  const { call, closes, get, post, portfolio, price, user } = bookkeeper(app);

  async function file(path: string, query: object | string = {}): Promise<string> {
    const asked = typeof query === 'string' ? query : new URLSearchParams({ ...query }).toString();
    const { status, headers, body } = await call('GET', `${path}?${asked}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8');
    return body;
  }

  const rowsOf = (text: string): Record<string, string>[] => parse(text, { columns: true });

  async function importInto(path: string, text: string): Promise<void> {
    const response = await fetch(`${app().url}${path}/trades/import`, {
      method: 'POST',
      headers: { authorization: user().authorization, 'content-type': 'text/csv' },
      body: text,
    });
    assert.equal(response.status, 201, await response.text());
  }

  describe('of trades', () => {
    let path = '';
    before(async () => {
      await closes({ 'BTC/KRW': { '2026-01-03': '120' } });
      path = await portfolio({ timeZone: 'Asia/Seoul' });
      const items = [
        ...randomTrades(11, 90),
        ...NASTY.map((text, index) => ({
          symbol: 'BTC/KRW',
          side: 'buy',
          quantity: '0.000000000000000001',
          price: `1000000000000000.5${index}1`,
          time: '2026-01-06T00:00:00.123Z',
          exchange: /\p{Control}/u.test(text) ? undefined : text,
          orderId: /\p{Control}/u.test(text) ? undefined : text,
          note: text,
          tags: /\p{Control}/u.test(text) ? [] : [text, 'b'],
        })),
      ];
      await post(`${path}/trades`, { items });
    });

    it('have the rows, the order and the digits of the list, whatever the filter', async () => {
      // oxlint-disable-next-line typescript/no-explicit-any -- items of a list
      const cells = (item: any): Record<string, string> => ({
        id: item.id,
        time: item.time,
        symbol: item.symbol,
        side: item.side,
        type: item.type ?? '',
        quantity: item.quantity,
        price: item.price,
        feeAmount: item.fee?.amount ?? '',
        feeCurrency: item.fee?.currency ?? '',
        value: item.value ?? '',
        feeValue: item.feeValue ?? '',
        'realizedPnl.gross': item.realizedPnl?.gross ?? '',
        'realizedPnl.net': item.realizedPnl?.net ?? '',
        createdAt: item.createdAt,
        updatedAt: item.updatedAt,
      });
      const check = async (filter: Filter, sort: string, order: string): Promise<number> => {
        const asked = new URLSearchParams({ ...filter, sort, order, limit: '1000' }).toString();
        const { items } = await get(`${path}/trades?${asked}`);
        const columns = Object.keys(cells(items[0] ?? {})).join(',');
        const text = await file(`${path}/trades.csv`, { ...filter, sort, order, columns });
        assert.deepEqual(rowsOf(text), items.map(cells), asked);
        return items.length;
      };
      for (const sort of ['time', 'symbol', 'value', 'fee', 'pnl']) {
        for (const order of ['asc', 'desc']) assert.equal(await check({}, sort, order), 90 + NASTY.length);
      }
      const sorts = fc.constantFrom('time', 'pnl', 'value');
      await fc.assert(
        fc.asyncProperty(filters, sorts, async (filter, sort) => {
          await check(filter, sort, 'desc');
        }),
        { numRuns: runs(12), endOnFailure: true },
      );
      const [usual, given] = [
        await file(`${path}/trades.csv`),
        await file(`${path}/trades.csv`, { sort: 'time' }),
      ];
      assert.equal(usual, given);
    });

    it('come back from another portfolio byte by byte, under whatever headings', async () => {
      for (const query of [{}, { order: 'asc' }, { lang: 'ko', bom: 'true', sort: 'symbol' }]) {
        const text = await file(`${path}/trades.csv`, query);
        const other = await portfolio({ timeZone: 'Asia/Seoul' });
        await importInto(other, text);
        assert.equal(await file(`${other}/trades.csv`, query), text, JSON.stringify(query));
      }
    });

    it('hold nothing that a spreadsheet would run', async () => {
      const rows = rowsOf(await file(`${path}/trades.csv`));
      const [header = ''] = (await file(`${path}/trades.csv`)).split('\n');
      assert.equal(header, TRADE_NAMES);
      for (const row of rows) {
        for (const [name, cell] of Object.entries(row))
          assert.doesNotMatch(cell, /^[=+\-@\t\r\n＝＋－＠]/, name);
      }
      const notes = rows.map(({ note }) => note);
      for (const text of ["'=1+1", "''=1", "'-1", "'@SUM(A1)"]) assert.ok(notes.includes(text), text);
      assert.ok(notes.includes('한글 메모') && notes.includes('two\nlines'));
    });

    it('leave a negative figure the number that it is', async () => {
      const rows = rowsOf(await file(`${path}/trades.csv`, { columns: FIGURES }));
      assert.ok(rows.some((row) => /^-\d/.test(row['realizedPnl.net'] ?? '')));
    });

    it('have the columns that are asked for, in their order, with Korean headings and a byte order mark', async () => {
      const columns = 'price,symbol,realizedPnl.net,time';
      const response = await fetch(`${app().url}${path}/trades.csv?columns=${columns}&lang=ko&bom=true`, {
        headers: { authorization: user().authorization },
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
      assert.equal(bytes.subarray(3).toString().split('\n')[0], '가격,종목,실현손익,체결시각');
      const empty = await portfolio();
      assert.equal(await file(`${empty}/trades.csv`, { columns }), columns);
      assert.equal(await file(`${empty}/trades.csv`, { bom: 'true' }), `\uFEFF${TRADE_NAMES}`);
    });

    it('are named by the days that they are of', async () => {
      for (const [query, name] of [
        ['from=2026-01-05&to=2026-01-07', 'trades_2026-01-05_2026-01-06.csv'],
        ['to=2026-01-07&tz=UTC', 'trades_2026-01-05_2026-01-06.csv'],
      ] as const) {
        const { headers } = await call('GET', `${path}/trades.csv?${query}`);
        assert.equal(headers.get('content-disposition'), `attachment; filename="${name}"`);
      }
    });

    it('are not sent again to who has them', async () => {
      const { headers } = await call('GET', `${path}/trades.csv`);
      const tag = headers.get('etag') ?? assert.fail('no tag');
      assert.equal(headers.get('cache-control'), 'private, no-cache');
      const ask = () =>
        app().call('GET', `${path}/trades.csv`, { as: user(), headers: { 'if-none-match': tag } });
      assert.equal((await ask()).status, 304);
      const trade = {
        symbol: 'ETH/KRW',
        side: 'buy',
        quantity: '1',
        price: '1',
        time: '2026-01-07T00:00:00Z',
      };
      const { id } = await post(`${path}/trades`, trade);
      assert.equal((await ask()).status, 200);
      assert.equal((await call('DELETE', `${path}/trades/${id}`)).status, 204);
    });

    it('are refused by name, as JSON, and to strangers as if there were none', async () => {
      for (const [query, name] of [
        ['columns=price,nothing', 'columns'],
        ['columns=', 'columns'],
        ['lang=fr', 'lang'],
        ['bom=1', 'bom'],
        ['sort=nothing', 'sort'],
        ['limit=5', 'limit'],
        ['from=2026-02-01&to=2026-01-01', 'from'],
      ] as const) {
        const answer = await call('GET', `${path}/trades.csv?${query}`);
        assertProblem(answer, 400, 'invalid-request', query);
        assertNames(answer, [name], query);
      }
      const stranger = await app().user();
      for (const of of ['trades', 'holdings', 'pnl/periods', 'series']) {
        assertProblem(await app().call('GET', `${path}/${of}.csv`, { as: stranger }), 404, 'not-found');
        assertProblem(await app().call('GET', `${path}/${of}.csv`), 401, 'unauthorized');
        assertProblem(await call('POST', `${path}/${of}.csv`), 405, 'method-not-allowed');
      }
    });
  });

  describe('of figures', () => {
    let path = '';
    before(async () => {
      await closes({ 'BTC/KRW': { '2026-02-01': '4000', '2026-02-05': '5000.5' } });
      path = await portfolio({ timeZone: 'Asia/Seoul' });
      const start = Date.UTC(2026, 1, 1);
      const { trades, transfers } = randomEntries(4, 60, { start, stepMs: 3_600_000 });
      for (const transfer of transfers) await call('POST', `${path}/transfers`, transfer);
      await post(`${path}/trades`, { items: trades });
      await price({ 'BTC/KRW': '5100.25', 'ETH/KRW': '2000' });
    });

    /** Rows of JSON with the names of columns. */
    function flat(item: Record<string, Cell | Record<string, Cell>>): Record<string, string> {
      const cells = Object.entries(item).flatMap(([name, value]) =>
        typeof value === 'object' && value !== null
          ? Object.entries(value).map(([inner, each]): [string, Cell] => [`${name}.${inner}`, each])
          : [[name, value] as [string, Cell]],
      );
      return Object.fromEntries(cells.map(([name, value]) => [name, String(value ?? '')]));
    }

    it('have the digits of the holdings, sorted and without dust as the list is', async () => {
      for (const query of [
        '',
        'sort=marketValue',
        'sort=realizedPnl.net&order=asc',
        'minValue=100000',
        'costMethod=fifo',
      ]) {
        const { items } = await get(`${path}/holdings?${query}`);
        const expected = items.map((item: Record<string, Cell>) => {
          const { path: _, ...rest } = item;
          return flat(rest);
        });
        assert.deepEqual(rowsOf(await file(`${path}/holdings.csv`, query)), expected, query);
      }
      const lean = await file(`${path}/holdings.csv`, { columns: 'marketValue,asset', lang: 'ko' });
      assert.equal(lean.split('\n')[0], '평가금액,자산');
    });

    it('have the digits of the periods', async () => {
      for (const query of ['interval=day&from=2026-02-01&to=2026-02-09', 'interval=month&tz=UTC']) {
        const { items } = await get(`${path}/pnl/periods?${query}`);
        const rows = rowsOf(await file(`${path}/pnl/periods.csv`, query));
        // The last one goes on, and is valued at this moment.
        assert.deepEqual(rows.slice(0, -1), items.slice(0, -1).map(flat), query);
        assert.equal(rows.length, items.length);
      }
      const query = 'interval=week&from=2026-02-03&to=2026-02-10';
      const { headers } = await call('GET', `${path}/pnl/periods.csv?${query}`);
      const name = 'attachment; filename="pnl-week_2026-02-02_2026-02-15.csv"';
      assert.equal(headers.get('content-disposition'), name);
      const tag = headers.get('etag') ?? assert.fail('no tag');
      const again = await app().call('GET', `${path}/pnl/periods.csv?${query}`, {
        as: user(),
        headers: { 'if-none-match': tag },
      });
      assert.equal(again.status, 304);
    });

    it('have the digits of the series, with a benchmark if one is asked for', async () => {
      for (const more of ['', '&benchmark=BTC/KRW', '&points=4']) {
        const query = `interval=day&from=2026-02-01&to=2026-02-09${more}`;
        const { columns } = await get(`${path}/series?${query}`);
        const { t, ...figures } = columns as Record<string, (string | null)[]> & { t: number[] };
        const expected = t.map((time, index) => ({
          time: new Date(time).toISOString(),
          ...flat(
            Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, list[index] ?? null])),
          ),
        }));
        assert.deepEqual(rowsOf(await file(`${path}/series.csv`, query)), expected, more);
      }
    });
  });

  describe('that nobody takes', () => {
    let path = '';
    /** Far more than sockets hold. */
    const COUNT = 10_000;

    before(async () => {
      path = await portfolio();
      const trade = {
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '1',
        price: '100',
        time: '2026-01-05T00:00:00Z',
      };
      await post(`${path}/trades`, trade);
      // Copied by the database: only how many they are is of interest.
      const copied = ENTRY_RECORDSET.columns
        .replace(/^id,/, 'gen_random_uuid(),')
        .replace(' tie,', ' tie || n,')
        .replace(' note,', " repeat('long ', 400),")
        .replace(' terms,', ' null,');
      await app().services.db.raw(
        `insert into ledger_entries (${ENTRY_RECORDSET.columns})
         select ${copied} from ledger_entries, generate_series(2, ?::integer) as n where portfolio_id = ?`,
        [COUNT, path.split('/').at(-1) ?? ''],
      );
    });

    /** The head of an answer, whose body is not read. */
    function open(as: TestUser): Promise<IncomingMessage> {
      return new Promise((resolve, reject) => {
        const headers = { authorization: as.authorization };
        request(`${app().url}${path}/trades.csv`, { agent: false, headers })
          .on('response', resolve)
          .on('error', reject)
          .end();
      });
    }

    /** Resolves when all is given back: the places, and the connections. */
    async function released(): Promise<void> {
      const { services } = app();
      const { pool } = services.db.client as { pool: { numUsed: () => number } };
      const isFree = (): boolean => services.slots.exports.size === 0 && pool.numUsed() === 0;
      await eventually(isFree, 'places and connections given back');
    }

    it('let go of connection and place when the client goes, and hold nobody else up meanwhile', async () => {
      for (let round = 0; round < 2; round += 1) {
        const files = [await open(user()), await open(user())];
        assert.deepEqual(
          files.map(({ statusCode }) => statusCode),
          [200, 200],
        );
        assert.equal(app().services.slots.exports.size, 2);
        const { count } = await get(`${path}/trades/stats`);
        assert.equal(count, COUNT);
        for (const each of files) each.destroy();
        await released();
      }
    });

    it('are two of one user at once, and some on one node: 429 and 503 beyond', async () => {
      const friend = await app().user();
      const third = await app().user();
      const portfolioId = path.split('/').at(-1) ?? '';
      for (const each of [friend, third]) await share(app(), { portfolioId, owner: user(), friend: each });
      const files = [await open(user()), await open(user())];
      const refused = await call('GET', `${path}/trades.csv`);
      assertProblem(refused, 429, 'rate-limited');
      assert.ok(refused.headers.has('retry-after'));
      files.push(await open(friend), await open(friend));
      const full = await app().call('GET', `${path}/trades.csv`, { as: third });
      assertProblem(full, 503, 'unavailable');
      assert.ok(full.headers.has('retry-after'));
      for (const each of files) each.destroy();
      await released();
      assert.equal((await app().call('GET', `${path}/trades.csv?columns=time`, { as: third })).status, 200);
    });

    it('of one user leave a place for others, however few there are', async () => {
      const small = await startApp({ env: { DATABASE_POOL: '4' } });
      try {
        const { exports } = small.services.slots;
        exports.take('one');
        assert.throws(() => exports.take('one'), { limit: 'client' });
        exports.take('another');
        assert.throws(() => exports.take('a third'), { limit: 'all' });
      } finally {
        await small.close();
      }
    });

    it('are cut, not ended, when the database fails on the way', async () => {
      const answer = await open(user());
      const cut = new Promise((resolve) => answer.on('error', resolve));
      await fail();
      answer.resume();
      await cut;
      assert.equal(answer.complete, false);
      await released();
    });

    /** Ends what the export reads from. */
    async function fail(): Promise<void> {
      const { db } = app().services;
      const isAlone = async (): Promise<boolean> =>
        (await db.raw('select 1 from pg_stat_activity where datname = current_database()')).rows.length < 2;
      while (!(await isAlone())) {
        // Until it has filled all buffers on the way, it is not idle.
        const { rows } = await db.raw(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where state = 'idle in transaction' and datname = current_database()`,
        );
        if (rows.length > 0) return;
      }
      // The embedded database has one connection: a statement of ours fails for want of a column.
      await db.raw('alter table trade_results rename column uncovered to covered');
    }
  });
});
