import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Answer } from '../../support/app.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const layout = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/layouts/${name}`, import.meta.url));

eachApp('files of one account', (app) => {
  const books = bookkeeper(app);
  let path: string;
  beforeEach(async () => {
    path = await books.portfolio();
  });

  const send = async (body: Buffer | string, query = ''): Promise<Answer> => {
    const response = await fetch(`${app().url}${path}/trades/import${query}`, {
      method: 'POST',
      headers: { authorization: books.user().authorization, 'content-type': 'text/csv' },
      body: body as string,
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const counts = async (body: Buffer | string, query = ''): Promise<[number, number, number]> => {
    const answer = await send(body, query);
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return [answer.body.accepted, answer.body.duplicates, answer.body.nearMisses.length];
  };
  const holdings = async (): Promise<unknown> =>
    (await books.get(`${path}/holdings`)).items.map(({ asset, quantity }: Record<string, string>) => [
      asset,
      quantity,
    ]);

  it("double nothing when one has the other's ids, in whichever order they come", async () => {
    const files = ['kraken-ledgers.csv', 'kraken-trades.csv'].map(layout);
    const [ledgers = '', trades = ''] = files;
    assert.deepEqual(await counts(ledgers), [6, 0, 0]);
    const once = await holdings();
    assert.deepEqual(await counts(trades), [0, 1, 0]);
    assert.deepEqual(await holdings(), once);
    path = await books.portfolio();
    assert.deepEqual(await counts(trades), [1, 0, 0]);
    assert.deepEqual(await counts(ledgers), [5, 1, 0]);
    assert.deepEqual(await holdings(), once);
  });

  it('double nothing when one sums up the fills of the other', async () => {
    const statement = `User_ID,UTC_Time,Account,Operation,Coin,Change,Remark
1,2024-05-06 07:08:09,Spot,Transaction Buy,BTC,0.03,
1,2024-05-06 07:08:09,Spot,Transaction Spend,USDT,-1920.003,
1,2024-05-06 07:08:09,Spot,Transaction Fee,BTC,-0.00003,
`;
    assert.deepEqual(await counts(layout('binance-trades-new.csv')), [3, 0, 0]);
    assert.deepEqual(await counts(statement), [0, 1, 0]);
    path = await books.portfolio();
    assert.deepEqual(await counts(statement), [1, 0, 0]);
    assert.deepEqual(await counts(layout('binance-trades-new.csv')), [1, 2, 0]);
  });

  describe('and an entry that is sent after the file', () => {
    const HEAD = '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간';
    const ROW = '2025.11.21 09:00:06,BTC,KRW,매수,0.001,150000000,150000,75,150075,2025.11.21 09:00:05';
    const fill = (change: object = {}): object => ({
      exchange: 'upbit',
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '0.001',
      price: '150000000',
      fee: { amount: '75', currency: 'KRW' },
      time: '2025-11-21T00:00:06.482Z',
      ...change,
    });
    const version = async (): Promise<number> => (await books.get(path)).version;
    const entries = async (): Promise<{ id: string }[]> => (await books.get(`${path}/entries`)).items;

    for (const [name, body] of [
      ['with the id of the exchange', fill({ externalId: 'uuid-9' })],
      ['without an id', fill()],
      ['without an exchange', fill({ exchange: undefined })],
    ] as const) {
      it(`is refused with the entry that it seems to be, unless it is said to be another one: ${name}`, async () => {
        await counts(`${HEAD}\n${ROW}\n`);
        const [booked] = await entries();
        const before = await version();
        const refused = await books.call('POST', `${path}/trades`, body);
        assert.equal(refused.status, 409, JSON.stringify(refused.body));
        const [error] = refused.body.errors;
        assert.deepEqual([error.code, error.params], ['possible-duplicate', { entryId: booked?.id }]);
        assert.equal(await version(), before);
        const sure = await books.call('POST', `${path}/trades?possibleDuplicates=book`, body);
        assert.equal(sure.status, 201);
        assert.equal((await entries()).length, 2);
      });
    }

    it('is named by its place in a batch, once for each entry of the file', async () => {
      await counts(`${HEAD}\n${ROW}\n`);
      const items = [
        fill({ externalId: 'a', quantity: '0.002' }),
        fill({ externalId: 'b' }),
        fill({ externalId: 'c' }),
      ];
      const refused = await books.call('POST', `${path}/trades`, { items });
      assert.equal(refused.status, 409);
      assert.deepEqual(
        refused.body.errors.map(({ pointer }: { pointer: string }) => pointer),
        ['/items/1'],
      );
    });

    it('is refused although the file has lost its seconds', async () => {
      await counts(`${HEAD}\n${ROW.replaceAll(/(?<=09:00):0\d/g, '')}\n`);
      const refused = await books.call('POST', `${path}/trades`, fill());
      assert.equal(refused.status, 409);
    });

    it('is refused although it was typed without seconds', async () => {
      await counts(`${HEAD}\n${ROW}\n`);
      const body = fill({ time: '2025-11-21T00:00:00Z' });
      assert.equal((await books.call('POST', `${path}/trades`, body)).status, 409);
    });

    it('is refused whatever its kind', async () => {
      await counts(`${HEAD}\n2025.11.21 09:00:06,KRW,KRW,입금,1000000,-,1000000,0,1000000,-\n`);
      const deposit = { kind: 'deposit', asset: 'KRW', quantity: '1000000', time: '2025-11-21T00:00:06Z' };
      for (const list of ['transfers', 'entries']) {
        const refused = await books.call('POST', `${path}/${list}`, deposit);
        assert.equal(refused.status, 409, list);
      }
    });

    it('is booked if it differs, or if both have an id of the exchange', async () => {
      await counts(`${HEAD}\n${ROW}\n`);
      for (const change of [
        { quantity: '0.0011' },
        { side: 'sell' },
        { price: '150100000' },
        { exchange: 'bithumb' },
        { time: '2025-11-21T00:00:07Z' },
      ]) {
        const booked = await books.call('POST', `${path}/trades`, fill(change));
        assert.equal(booked.status, 201, JSON.stringify(change));
      }
      path = await books.portfolio();
      for (const externalId of ['a', 'b', 'a']) {
        const booked = await books.call('POST', `${path}/trades`, fill({ externalId }));
        assert.ok(booked.status < 300);
      }
      assert.equal((await entries()).length, 2);
    });
  });

  it('double nothing of what was booked through the API, and show what is nearly the same before it is booked', async () => {
    const trade = (change: object): object => ({
      exchange: 'upbit',
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '0.00022463',
      price: '137999000',
      fee: { amount: '15.5', currency: 'KRW' },
      time: '2025-11-20T01:15:30.123Z',
      externalId: 'uuid-1',
      ...change,
    });
    await books.post(`${path}/trades`, trade({}));
    await books.post(`${path}/transfers`, {
      kind: 'deposit',
      asset: 'KRW',
      quantity: '1000000',
      time: '2025-11-20T01:00:03.500Z',
    });
    await books.post(
      `${path}/trades`,
      trade({ externalId: 'uuid-2', quantity: '0.000501', price: '137990000' }),
    );
    const dry = await send(layout('upbit-trades.csv'), '?dryRun=true');
    assert.deepEqual([dry.body.accepted, dry.body.duplicates], [5, 2]);
    const [second] = (await books.get(`${path}/trades?limit=10`)).items.filter(
      ({ externalId }: { externalId: string }) => externalId === 'uuid-2',
    );
    assert.deepEqual(dry.body.nearMisses, [{ line: 7, tradeId: second.id, differs: 'quantity' }]);
    assert.deepEqual(await counts(layout('upbit-trades.csv')), [5, 2, 1]);
    assert.deepEqual(await counts(layout('upbit-trades.csv')), [0, 7, 0]);
  });

  it('double nothing where the API has the exchange in another case', async () => {
    for (const [index, exchange] of ['UPBIT', 'Upbit', 'upbit'].entries()) {
      path = await books.portfolio();
      const booked = await books.post(`${path}/trades`, {
        exchange,
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '0.00022463',
        price: '137999000',
        fee: { amount: '15.5', currency: 'KRW' },
        time: '2025-11-20T01:15:30.123Z',
        externalId: `uuid-${index}`,
      });
      assert.equal(booked.exchange, 'upbit');
      assert.deepEqual(await counts(layout('upbit-trades.csv')), [6, 1, 0]);
      assert.equal((await books.get(`${path}/trades?exchange=${exchange}`)).items.length, 3);
    }
  });

  for (const [name, head, row, time, minute] of [
    [
      'upbit',
      '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간',
      'BTC,KRW,매수,0.001,150000000,150000,75,150075,2025.11.21 09:00:05',
      '2025.11.21 09:00:06',
      '2025.11.21 09:00',
    ],
    [
      'binance',
      'Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin',
      'BTCUSDT,BUY,50000,0.1,5000,1,USDT',
      '2025-01-05 10:00:07',
      '2025-01-05 10:00',
    ],
  ] as const) {
    it(`double nothing when a spreadsheet has cut off the seconds of ${name}`, async () => {
      const [whole, cut] = [time, minute].map((each) => `${head}\n${each},${row}\n`) as [string, string];
      assert.deepEqual(await counts(whole), [1, 0, 0]);
      assert.deepEqual(await counts(cut), [0, 1, 0]);
      path = await books.portfolio();
      assert.deepEqual(await counts(cut), [1, 0, 0]);
      assert.deepEqual(await counts(whole), [0, 1, 0]);
      // Two fills of the minute, of which the row may be either.
      path = await books.portfolio();
      await counts(`${whole}${time.replace(/.$/, '9')},${row}\n`);
      assert.deepEqual(await counts(cut, '?dryRun=true'), [1, 0, 1]);
    });
  }

  it('hold two fills that say the same and have two ids', async () => {
    await books.post(`${path}/trades`, {
      exchange: 'bybit',
      symbol: 'BTC/USDT',
      side: 'buy',
      quantity: '0.015',
      price: '91499.9',
      time: '2024-11-19T07:20:00Z',
      externalId: '2219999999999999999',
    });
    assert.deepEqual(await counts(layout('bybit-spot-fills.csv')), [2, 0, 0]);
  });
});
