import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { fixed } from '../../../lib/money/money.ts';
import { EXPECTED } from '../../lib/import/layouts/expected.ts';
import type { Answer } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { bookkeeper, randomEntries } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const HEADINGS =
  'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId,orderId,note,tags';
const row = (
  id: string,
  { time = '2026-03-02T09:00:00.000Z', quantity = '0.5', exchange = 'bot' } = {},
): string => `${time},${exchange},BTC/KRW,buy,${quantity},90000000,22500,KRW,${id},o-1,a note,x;y`;
const file = (...rows: string[]): string => [HEADINGS, ...rows, ''].join('\n');
const UPBIT = readFileSync(new URL('../../fixtures/imports/upbit.csv', import.meta.url), 'utf8');

interface Figures {
  kind?: string;
  symbol?: string;
  side?: string;
  asset?: string;
  exchange?: string | undefined;
  quantity: string;
  price?: string;
  fee?: { amount: string; currency: string } | null | undefined;
  time: number | string;
}

/** What an entry says, sent or booked, as text. */
function figuresOf({ kind, symbol, side, asset, exchange, quantity, price, fee, time }: Figures): string {
  // The fee of a withdrawal is part of it, and not told with it.
  const cost = fee && symbol !== undefined ? `${fixed(fee.amount)} ${fee.currency}` : '';
  const what = symbol === undefined ? `${kind} ${asset}` : `${side} ${symbol} at ${fixed(price ?? '0')}`;
  return `${new Date(time).toISOString()} ${exchange} ${what} ${fixed(quantity)} ${cost}`;
}

eachApp(
  'import of trades',
  (app) => {
    const books = bookkeeper(app);
    let path: string;
    beforeEach(async () => {
      path = await books.portfolio();
    });

    const send = async (
      body: string | Buffer,
      query = '',
      { where = path, headers = {} }: { where?: string; headers?: Record<string, string> } = {},
    ): Promise<Answer> => {
      const response = await fetch(`${app().url}${where}/trades/import${query}`, {
        method: 'POST',
        headers: { authorization: books.user().authorization, 'content-type': 'text/csv', ...headers },
        body,
      });
      const { status } = response;
      return { status, headers: response.headers, body: await response.json() };
    };
    const version = async (): Promise<number> => (await books.get(path)).version;
    // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
    const trades = async (): Promise<any[]> => (await books.get(`${path}/trades?order=asc&limit=1000`)).items;
    const staged = async (): Promise<number> => {
      const rows: unknown[] = await app().services.db('import_rows').select('line');
      return rows.length;
    };
    const nothingBooked = async (): Promise<void> => {
      assert.deepEqual([await version(), await staged()], [0, 0]);
      assert.equal((await trades()).length, 0);
    };
    /** What is told of the imports of the portfolio. */
    const follow = async (): Promise<StreamClient> => {
      const channels = `imports:${path.split('/').at(-1)},fills:${path.split('/').at(-1)}`;
      const stream = new StreamClient(`${app().url}/v1/streams?channels=${channels}`, {
        headers: { authorization: books.user().authorization },
      });
      await stream.ready();
      return stream;
    };

    it('takes the files of every source, and books what they mean', async () => {
      for (const [name, { format, tz, rows }] of Object.entries(EXPECTED)) {
        path = await books.portfolio();
        const bytes = readFileSync(new URL(`../../fixtures/imports/${name}`, import.meta.url));
        const query = tz === undefined ? '' : `?tz=${encodeURIComponent(tz)}`;
        const { status, body } = await send(bytes, query);
        assert.equal(status, 201, JSON.stringify(body));
        const meant = rows.map(([, entry]) => figuresOf(entry));
        assert.deepEqual(
          [body.format, body.rows, body.accepted, body.ignored, body.entryRows, body.booked],
          [format, rows.length, rows.length, 0, rows.length, true],
        );
        const transfers = (await books.get(`${path}/transfers?limit=1000`)).items;
        const booked: string[] = [...(await trades()), ...transfers].map((entry) => figuresOf(entry));
        assert.deepEqual(booked.sort(), meant.sort(), name);
      }
    });

    describe('with rows that only their owner can explain', () => {
      const STATEMENT = readFileSync(
        new URL('../../fixtures/layouts/binance-statement.csv', import.meta.url),
      );
      // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
      const open = async (): Promise<any[]> => (await books.get(`${path}/decisions`)).items;

      it('lists them as decisions, in the dry run and once it is booked, with what is not booked by asset', async () => {
        const dry = await send(STATEMENT, '?dryRun=true');
        assert.equal(dry.status, 200, JSON.stringify(dry.body));
        assert.deepEqual(
          [dry.body.rows, dry.body.entryRows, dry.body.undecided, dry.body.ignored, dry.body.decisions],
          [21, 18, 3, 0, 3],
        );
        assert.deepEqual(dry.body.unbooked, [
          { asset: 'USDT', undecided: '3.1569', settled: '0', ignored: '0.017', rejected: '0' },
        ]);
        const asked = dry.body.items.filter(({ status }: { status: string }) => status === 'undecided');
        assert.deepEqual(
          asked.map(({ line, code }: { line: number; code: string }) => [line, code]),
          [20, 21, 22].map((line) => [line, 'derivative']),
        );
        assert.deepEqual(await open(), []);
        const { status, body } = await send(STATEMENT);
        assert.deepEqual([status, body.booked, body.accepted, body.decisions], [201, true, 11, 3]);
        const decisions = await open();
        assert.deepEqual(
          decisions.map(({ line, word, moves }) => [line, word, moves[0].amount]),
          [
            [20, 'USD-MFutures: Realized Profit and Loss', '3.2'],
            [21, 'USD-MFutures: Fee', '-0.04'],
            [22, 'USD-MFutures: Funding Fee', '-0.0031'],
          ],
        );
        const again = await send(STATEMENT);
        assert.deepEqual([again.body.accepted, again.body.duplicates, again.body.decisions], [0, 11, 3]);
        assert.equal((await open()).length, 3);
      });

      it('books the option that is chosen, once, and asks no more', async () => {
        await send(STATEMENT);
        const [first, second] = await open();
        const settle = async (id: string, option: string): Promise<Answer> =>
          await books.call('POST', `${path}/decisions/${id}`, { option });
        const before = await version();
        const settled = await settle(first.id, 'income');
        assert.equal(settled.status, 200, JSON.stringify(settled.body));
        assert.deepEqual([settled.body.status, settled.body.choice], ['settled', 'income']);
        const [entryId] = settled.body.entryIds;
        const entry = await books.get(`${path}/transfers/${entryId}`);
        assert.deepEqual([entry.kind, entry.asset, entry.quantity], ['income', 'USDT', '3.2']);
        assert.deepEqual((await settle(first.id, 'income')).body, settled.body);
        assertProblem(await settle(first.id, 'nothing'), 409, 'conflict');
        assertProblem(await settle(second.id, 'income'), 422, 'unprocessable-entry');
        assert.equal(await version(), before + 1);
        assert.deepEqual((await settle(second.id, 'nothing')).body.entryIds, []);
        assert.equal((await open()).length, 1);
        assert.equal((await books.get(`${path}/decisions?status=settled`)).items.length, 2);
        const { body } = await send(STATEMENT);
        assert.deepEqual([body.duplicates, body.decisions], [11, 1]);
        const sums = {
          asset: 'USDT',
          undecided: '-0.0031',
          settled: '3.16',
          ignored: '0.017',
          rejected: '0',
        };
        assert.deepEqual(body.unbooked, [sums]);
      });

      it('tells what rejected rows move as far as it can be read, and how many rows are in no sum', async () => {
        await send(file(row('t-1')));
        const rows = [
          row('t-1', { quantity: '2' }),
          row('t-2', { time: '2999-01-01T00:00:00Z' }),
          row('t-3', { quantity: 'x' }),
        ];
        const { body } = await send(file(...rows), '?dryRun=true');
        assert.deepEqual([body.rejected, body.unsummed], [3, 1]);
        assert.deepEqual(
          body.unbooked.map(({ asset, rejected }: Record<string, string>) => [asset, rejected]),
          [
            ['BTC', '2.5'],
            ['KRW', '-225045000'],
          ],
        );
      });
    });

    it('makes ids for rows without one that no search finds: nobody knows them', async () => {
      await send(UPBIT);
      const [first] = await trades();
      const id: string = first.externalId;
      assert.match(id, /^csv:upbit:/);
      const found = async (words: string): Promise<number> =>
        (await books.get(`${path}/trades?q=${encodeURIComponent(words)}`)).items.length;
      assert.deepEqual([await found('csv:upbit'), await found(id.slice(10, 30))], [0, 0]);
      assert.ok((await found('btc')) > 0);
    });

    it('takes an Excel workbook as it is', async () => {
      const workbook = readFileSync(new URL('../../fixtures/layouts/bithumb-period.xlsx', import.meta.url));
      const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
      const { status, body } = await send(workbook, '', { headers: { 'content-type': type } });
      assert.deepEqual(
        [status, body.format, body.encoding, body.rows, body.accepted],
        [201, 'bithumb', 'xlsx', 9, 9],
        JSON.stringify(body),
      );
    });

    it('takes every kind of entry in its own form', async () => {
      const text = [
        'time,kind,exchange,symbol,side,quantity,price,asset,unitCost,externalId,note',
        '2026-03-01T00:00:00Z,deposit,bot,,,1000000,,KRW,,d1,first money',
        '2026-03-02T00:00:00Z,trade,bot,BTC/KRW,buy,0.01,90000000,,,t1,',
        '2026-03-03T00:00:00Z,income,bot,,,0.0001,,BTC,89000000,i1,',
        '2026-03-04T00:00:00Z,withdrawal,bot,,,0.002,,BTC,,w1,',
      ].join('\n');
      const { status, body } = await send(`${text}\n`);
      assert.deepEqual([status, body.accepted, body.entryRows], [201, 4, 4], JSON.stringify(body));
      const transfers = (await books.get(`${path}/transfers?order=asc`)).items;
      assert.deepEqual(
        transfers.map(({ kind, asset, quantity, unitCost, note }: Record<string, string>) => [
          kind,
          asset,
          quantity,
          unitCost,
          note,
        ]),
        [
          ['deposit', 'KRW', '1000000', null, 'first money'],
          ['income', 'BTC', '0.0001', '89000000', null],
          ['withdrawal', 'BTC', '0.002', null, null],
        ],
      );
      const again = await send(`${text}\n`);
      assert.deepEqual([again.body.accepted, again.body.duplicates], [0, 4]);
    });

    it('tells in a dry run what would become of each row, and books nothing', async () => {
      await send(file(row('a')));
      const before = await version();
      const text = file(
        row('a'),
        row('b', { quantity: '-1' }),
        row('c'),
        row('c'),
        row('a', { quantity: '9' }),
      );
      const { status, body } = await send(text, '?dryRun=true');
      assert.equal(status, 200);
      const [{ id }] = await trades();
      assert.deepEqual(body.items, [
        { line: 2, status: 'duplicate', tradeId: id },
        {
          line: 3,
          status: 'rejected',
          column: 'quantity',
          code: 'wrong-value',
          params: { value: '-1' },
          detail: '`quantity` must be greater than zero.',
        },
        { line: 4, status: 'accepted' },
        {
          line: 5,
          status: 'duplicate',
          code: 'same-row',
          params: { line: '4' },
          detail: 'The row is the same as line 4.',
        },
        {
          line: 6,
          status: 'rejected',
          column: 'externalId',
          detail: '`externalId` is the same as that of line 2, but the rest is not.',
          code: 'same-id',
          params: { line: '2' },
        },
      ]);
      assert.deepEqual(
        [body.dryRun, body.booked, body.rows, body.accepted, body.duplicates, body.rejected, body.truncated],
        [true, false, 5, 1, 2, 2, false],
      );
      assert.deepEqual([await version(), await staged()], [before, 0]);
    });

    it('knows a file again, however it is cut, and equal fills from one another', async () => {
      const lines = UPBIT.split('\n');
      const first = await send(UPBIT);
      assert.deepEqual([first.status, first.body.accepted], [201, 5]);
      assert.equal(new Set((await trades()).map(({ externalId }) => externalId)).size, 4);
      const again = await send(UPBIT);
      assert.deepEqual([again.status, again.body.accepted, again.body.duplicates], [200, 0, 5]);
      const part = await send([lines[0], lines[2], lines[5], ''].join('\n'));
      assert.deepEqual([part.status, part.body.accepted, part.body.duplicates], [200, 0, 2]);
      // A third fill that is equal to the two.
      const third = await send([lines[0], lines[2], lines[3], lines[3], ''].join('\n'));
      assert.deepEqual([third.body.accepted, third.body.duplicates], [1, 2]);
    });

    it('keeps the order of the file among trades of one second, whichever way it runs', async () => {
      const at = (side: string, price: number): string => `2026-03-02 18:00:00,BTC,KRW,${side},1,${price},0`;
      const head = '체결시간,코인,마켓,종류,거래수량,거래단가,수수료';
      const newest = [
        head,
        '2026-03-02 18:00:01,BTC,KRW,매수,1,9,0',
        at('매도', 3),
        at('매수', 2),
        at('매수', 1),
      ];
      await send(`${newest.join('\n')}\n`);
      const prices = async (): Promise<string[]> => (await trades()).map(({ price }) => price);
      assert.deepEqual(await prices(), ['1', '2', '3', '9']);
      path = await books.portfolio();
      await send(`${[head, ...newest.slice(1).reverse()].join('\n')}\n`);
      assert.deepEqual(await prices(), ['1', '2', '3', '9']);
    });

    it('tells rows without an id from what is booked by their content and number', async () => {
      const { id } = await books.post(`${path}/trades`, {
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '0.50',
        price: '90000000',
        fee: { amount: '22500', currency: 'KRW' },
        time: '2026-03-02T09:00:00Z',
        exchange: 'bot',
        orderId: 'o-1',
        note: 'was another',
        tags: ['x', 'y'],
      });
      const changed = await books.call('PATCH', `${path}/trades/${id}`, { note: 'a note' });
      assert.equal(changed.status, 200);
      const { body } = await send(file(row(''), row('')));
      assert.deepEqual([body.accepted, body.duplicates], [1, 1]);
      assert.equal(body.items[0].tradeId, id);
      const again = await send(file(row(''), row('')));
      assert.deepEqual([again.body.accepted, again.body.duplicates], [0, 2]);
      assert.deepEqual(
        (await trades()).map(({ externalId }) => externalId),
        [null, null],
      );
    });

    it('compares very many rows without an id of one instant page by page', async () => {
      const quantities = Array.from({ length: 1_300 }, (_, n) => String(1 + (n % 650)));
      const rows = (from: number): string[] =>
        quantities.slice(from).map((quantity) => row('', { quantity }));
      const first = await send(file(...rows(100)));
      assert.deepEqual([first.body.accepted, first.body.duplicates], [1_200, 0]);
      const second = await send(file(...rows(0), row('', { quantity: '1' })));
      assert.deepEqual([second.body.accepted, second.body.duplicates], [101, 1_200]);
      const third = await send(file(...rows(0), row('', { quantity: '1' })));
      assert.deepEqual([third.body.accepted, third.body.duplicates], [0, 1_301]);
    });

    it('takes a trade that was corrected since for the one it was, and for the one it is', async () => {
      await send(file(row('a')));
      const [{ id }] = await trades();
      await books.call('PATCH', `${path}/trades/${id}`, { quantity: '0.75' });
      for (const quantity of ['0.5', '0.75']) {
        const { body } = await send(file(row('a', { quantity })));
        assert.deepEqual([body.duplicates, body.rejected], [1, 0], quantity);
      }
      assert.equal((await send(file(row('a', { quantity: '0.6' })))).status, 422);
    });

    it('books nothing of a file with a row that is rejected, and names line and column', async () => {
      const answer = await send(file(row('a'), row('b', { quantity: '0' }), row('c', { time: 'yesterday' })));
      assertProblem(answer, 422, 'unprocessable-entry');
      assert.deepEqual(
        answer.body.errors.map(({ line, column }: { line: number; column: string }) => [line, column]),
        [
          [3, 'quantity'],
          [4, 'time'],
        ],
      );
      await nothingBooked();
      const clash = await send(file(row('a'), row('a', { quantity: '2' })));
      assertProblem(clash, 422, 'unprocessable-entry');
      assert.deepEqual([clash.body.errors[0].line, clash.body.errors[0].column], [3, 'externalId']);
      await nothingBooked();
    });

    it('books the rows beside a rejected one when asked to', async () => {
      const text = file(row('a'), row('b', { quantity: '0' }), row('c'));
      const { status, body } = await send(text, '?skipRejected=true');
      assert.deepEqual([status, body.accepted, body.rejected, body.booked], [201, 2, 1, true]);
      assert.deepEqual(
        (await trades()).map(({ externalId }) => externalId),
        ['a', 'c'],
      );
    });

    it('reports a bounded number of rows, the rejected ones first', async () => {
      const rows = Array.from({ length: 1_500 }, (_, n) =>
        row(`i${n}`, n === 1_400 ? { quantity: 'x' } : {}),
      );
      const { body } = await send(file(...rows), '?dryRun=true');
      assert.deepEqual([body.rows, body.accepted, body.rejected], [1_500, 1_499, 1]);
      assert.deepEqual([body.items.length, body.truncated], [1_000, true]);
      assert.deepEqual(body.items.at(-1), {
        line: 1_402,
        status: 'rejected',
        column: 'quantity',
        detail: '`quantity` is not a decimal number.',
        code: 'not-a-number',
        params: {},
      });
    });

    for (const costMethod of ['average', 'fifo']) {
      it(`comes to the same digits as booking one by one, also before trades that are there (${costMethod})`, async () => {
        const start = Date.UTC(2026, 0, 5);
        const { trades: all, transfers } = randomEntries(7, 60, { start, stepMs: 3_600_000 });
        interface Sent {
          symbol: string;
          side: string;
          quantity: string;
          price: string;
          time: string;
          fee?: { amount: string; currency: string };
        }
        const sent = (all as Sent[]).map((trade, n) => ({ ...trade, externalId: `t${n}` }));
        const cells = sent.map(({ time, symbol, side, quantity, price, fee, externalId }) =>
          [
            time,
            '',
            symbol,
            side,
            quantity,
            price,
            fee?.amount ?? '',
            fee?.currency ?? '',
            externalId,
            '',
            '',
            '',
          ].join(','),
        );
        const figures = async (): Promise<unknown> => {
          const {
            position: _p,
            asOf: _a,
            portfolioId: _i,
            warnings,
            ...pnl
          } = await books.get(`${path}/pnl`);
          // Which entries they name depends on the ids they got.
          const told = warnings.map(({ entries: _e, ...warning }: { entries?: string[] }) => warning);
          return [pnl, told, (await books.get(`${path}/holdings`)).items];
        };
        const make = async (): Promise<void> => {
          path = await books.portfolio({ costMethod });
          await books.post(`${path}/transfers`, { items: transfers });
        };
        await make();
        for (const trade of sent) await books.post(`${path}/trades`, trade);
        const expected = await figures();
        await make();
        assert.equal((await send(file(...cells))).body.accepted, cells.length);
        assert.deepEqual(await figures(), expected);
        await make();
        await books.post(`${path}/trades`, { items: sent.slice(-20) });
        const late = await send(file(...cells.toReversed()));
        assert.deepEqual([late.body.accepted, late.body.duplicates], [cells.length - 20, 20]);
        assert.deepEqual(await figures(), expected);
      });
    }

    it('looks up the rates of foreign money as booking does', async () => {
      await books.closes({
        'USDT/KRW': { '2026-03-01': '1400', '2026-03-02': '1410' },
        'BNB/USDT': { '2026-03-01': '600' },
      });
      const line = (time: string, id: string): string =>
        `${time},binance,BTC/USDT,buy,0.1,60000,0.01,BNB,${id},,,`;
      await send(file(line('2026-03-02T12:00:00Z', 'a'), line('2026-03-03T12:00:00Z', 'b')));
      const imported = await books.get(`${path}/pnl`);
      path = await books.portfolio();
      for (const [externalId, time] of [
        ['a', '2026-03-02T12:00:00Z'],
        ['b', '2026-03-03T12:00:00Z'],
      ]) {
        const fee = { amount: '0.01', currency: 'BNB' };
        const trade = {
          symbol: 'BTC/USDT',
          side: 'buy',
          quantity: '0.1',
          price: '60000',
          fee,
          time,
          externalId,
        };
        await books.post(`${path}/trades`, { ...trade, exchange: 'binance' });
      }
      const booked = await books.get(`${path}/pnl`);
      assert.notEqual(imported.costBasis, null);
      assert.deepEqual(
        [imported.costBasis, imported.fees, imported.realizedPnl],
        [booked.costBasis, booked.fees, booked.realizedPnl],
      );
    });

    it('can be followed from its first row to its end, beside the fills it books', async () => {
      const stream = await follow();
      const importId = '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80';
      await send(UPBIT, `?importId=${importId}`);
      await stream.until(() => stream.of('import').some(({ data }) => data.phase === 'done'), 'the end');
      const told = stream.of('import').map(({ data }) => data);
      assert.ok(
        told.every((each) => each.importId === importId && each.portfolioId === path.split('/').at(-1)),
      );
      assert.deepEqual(told.at(-1).result, {
        booked: true,
        accepted: 5,
        duplicates: 0,
        rejected: 0,
        ignored: 0,
      });
      assert.deepEqual(told.at(-1).bytes, {
        read: Buffer.byteLength(UPBIT),
        total: Buffer.byteLength(UPBIT),
      });
      await stream.until(() => stream.of('fill').length === 4, 'the fills');
      stream.cut();
      // Who comes later learns how the last one ended.
      await send('nonsense');
      const later = await follow();
      assert.equal(later.of('import').at(-1)?.data.phase, 'failed');
      assert.match(later.of('import').at(-1)?.data.detail, /Line 1/);
      later.cut();
    });

    it('of many trades is one event among the fills', async () => {
      const stream = await follow();
      const { body } = await send(file(...Array.from({ length: 501 }, (_, n) => row(`n${n}`))));
      await stream.until(() => stream.of('fill').length > 0, 'the event');
      const data: unknown = stream.of('fill')[0]?.data;
      const { importId, version: ledger, portfolioId } = body;
      assert.deepEqual(data, { portfolioId, change: 'imported', version: ledger, importId, count: 501 });
      stream.cut();
    });

    it('refuses what is no CSV of trades, and books nothing of it', async () => {
      const good = file(row('a'));
      for (const [body, about] of [
        [
          `${good}2026-03-02T09:00:00Z,bot,BTC/KRW,buy,"1`,
          /Line 3, column quantity: A quote is opened and never closed/,
        ],
        [`${good}${'x'.repeat(10_000_000)}\n`, /Line 3, column time: The row is longer/],
        ['time,symbol,side,quantity\n', /not these: price/],
        [Buffer.concat([Buffer.from(good), Buffer.from([0xff, 0xfe, 0xff])]), /Line 3/],
        [Buffer.from('PK\u0003\u0004'), /Excel/],
        ['', /empty/],
      ] as const) {
        const answer = await send(body as string);
        assertProblem(answer, 400, 'malformed-csv');
        assert.match(answer.body.detail, about);
        assert.ok(answer.body.errors[0].line >= 1);
      }
      await nothingBooked();
    });

    it('refuses other media types, charsets and compressed bodies', async () => {
      for (const [header, value] of [
        ['content-type', 'application/json'],
        ['content-type', 'text/csv; charset=shift_jis'],
        ['content-encoding', 'gzip'],
      ] as const) {
        assertProblem(await send(UPBIT, '', { headers: { [header]: value } }), 415, 'unsupported-media-type');
      }
      const windows = await send(UPBIT, '?dryRun=true', {
        headers: { 'content-type': 'application/vnd.ms-excel' },
      });
      assert.equal(windows.status, 200);
      for (const query of ['?dryRun=yes', '?tz=Mars', '?importId=1', '?other=1']) {
        assertProblem(await send(UPBIT, query), 400, 'invalid-request', query);
      }
      await nothingBooked();
    });

    it('refuses a file that is too large, announced or not, and one with too many rows', async () => {
      const tooLong = `time,symbol,side,quantity,price,note\n${`,,,,,${'x'.repeat(9_000)}\n`.repeat(1_300)}`;
      assertProblem(await send(tooLong), 413, 'payload-too-large');
      const chunks = new ReadableStream({
        start(controller) {
          controller.enqueue(Buffer.from(tooLong));
          controller.close();
        },
      });
      const response = await fetch(`${app().url}${path}/trades/import`, {
        method: 'POST',
        headers: { authorization: books.user().authorization, 'content-type': 'text/csv' },
        body: chunks,
        duplex: 'half',
      } as RequestInit);
      assert.equal(response.status, 413);
      await response.body?.cancel();
      assertProblem(await send(file('\n'.repeat(2_001))), 413, 'payload-too-large');
      const many = await send(file(...Array.from({ length: 2_001 }, (_, n) => row(`m${n}`))));
      assertProblem(many, 413, 'payload-too-large');
      await nothingBooked();
    });

    /** A file that is being sent, and does not end. */
    const sendPart = (part: string): ClientRequest => {
      const sending = request(`${app().url}${path}/trades/import`, {
        method: 'POST',
        agent: false,
        headers: {
          authorization: books.user().authorization,
          'content-type': 'text/csv',
          'content-length': '900000',
        },
      });
      sending.on('error', () => undefined);
      sending.write(part);
      return sending;
    };
    const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
      await eventually(isSo, 'what the import leaves');
    };

    it('leaves nothing behind when the sender goes away, and holds no place', async () => {
      const stream = await follow();
      // More than the first part, which the encoding is told by, and enough rows to be put aside.
      const sending = sendPart(file(...Array.from({ length: 1_500 }, (_, n) => row(`a${n}`))));
      await stream.until(() => stream.of('import').length > 0, 'the beginning');
      sending.destroy();
      await stream.until(
        () => stream.of('import').some(({ data }) => data.phase === 'failed'),
        'the failure',
      );
      stream.cut();
      const { uploads, imports } = app().services.slots;
      await until(() => uploads.size === 0 && imports.size === 0);
      await nothingBooked();
      assert.equal((await send(UPBIT)).status, 201);
    });

    it('holds nobody up while it is being sent, however slowly: 429 beyond so many of one user', async () => {
      const friend = await app().user();
      const { body: theirs } = await app().call('POST', '/v1/portfolios', {
        as: friend,
        body: { name: 'P' },
      });
      const { uploads, imports } = app().services.slots;
      const slow: ClientRequest[] = [];
      for (let n = 1; n <= 3; n += 1) {
        slow.push(sendPart(`${HEADINGS}\n${row(`slow ${n}`)}\n`));
        await until(() => uploads.size === n);
      }
      assert.equal(imports.size, 0);
      const beyond = await send(UPBIT);
      assertProblem(beyond, 429, 'rate-limited');
      assert.match(beyond.body.detail, /3 uploads/);
      assert.equal(beyond.headers.get('retry-after'), '5');
      for (const each of slow) each.write(row('a byte more'));
      const imported = await send(UPBIT, '', {
        where: `/v1/portfolios/${theirs.id}`,
        headers: { authorization: friend.authorization },
      });
      assert.equal(imported.status, 201, JSON.stringify(imported.body));
      slow.pop()?.destroy();
      await until(() => uploads.size === 2);
      // The user's own, beside those that are still being sent.
      assert.equal((await send(UPBIT)).status, 201);
      for (const each of slow) each.destroy();
      await until(() => uploads.size === 0);
    });

    it('is refused with 503 while as many are being sent as this node takes', async () => {
      const { uploads } = app().services.slots;
      const slots = ['a', 'b', 'c', 'd', 'e'].map((name) => uploads.take(name));
      const refused = await send(UPBIT);
      assertProblem(refused, 503, 'unavailable');
      assert.ok(refused.headers.has('retry-after'));
      for (const slot of slots) slot.release();
      assert.equal((await send(UPBIT)).status, 201);
    });

    it('waits, once it is here, for the one that its user is importing', async () => {
      const { uploads, imports } = app().services.slots;
      const first = imports.take(books.user().id);
      const second = send(UPBIT);
      await until(async () => (await staged()) === 5);
      assert.deepEqual([uploads.size, imports.size], [1, 1]);
      first.release();
      assert.equal((await second).status, 201);
      assert.deepEqual([uploads.size, imports.size], [0, 0]);
    });

    it('books nothing when the very last statement fails', async () => {
      const { db } = app().services;
      await db.raw(
        `create function refuse() returns trigger as $$ begin raise 'no'; end $$ language plpgsql`,
      );
      await db.raw(
        'create trigger refuse before update on portfolios for each row execute function refuse()',
      );
      try {
        assertProblem(await send(UPBIT), 500, 'internal-error');
      } finally {
        await db.raw('drop function refuse() cascade');
      }
      await nothingBooked();
      assert.deepEqual((await books.get(`${path}/holdings`)).items, []);
      assert.equal((await send(UPBIT)).body.accepted, 5);
    });
  },
  { env: { IMPORT_LIMIT_MB: '11', IMPORT_ROWS: '2000', UPLOADS_PER_USER: '3', UPLOADS_MAX: '5' } },
);
