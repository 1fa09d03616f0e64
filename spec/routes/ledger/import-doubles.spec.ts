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
    assert.deepEqual(await counts(ledgers), [5, 0, 0]);
    const once = await holdings();
    assert.deepEqual(await counts(trades), [0, 1, 0]);
    assert.deepEqual(await holdings(), once);
    path = await books.portfolio();
    assert.deepEqual(await counts(trades), [1, 0, 0]);
    assert.deepEqual(await counts(ledgers), [4, 1, 0]);
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
