import assert from 'node:assert/strict';
import type { Answer } from '../../support/app.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames } from '../../support/routes/problems.ts';

const TIME = '2024-11-19T07:06:45.000Z';
const OWN = 'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId';
const KRAKEN =
  'txid,ordertxid,pair,aclass,subclass,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers';
const BINANCE = 'Date(UTC),Pair,Side,Price,Executed,Amount,Fee';

const text = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;

interface Row {
  line: number;
  status: string;
  code?: string;
  params?: object;
}

eachApp('fees of imported rows', (app) => {
  const books = bookkeeper(app);
  let path: string;
  beforeEach(async () => {
    path = await books.portfolio({ baseCurrency: 'EUR' });
  });

  const send = async (body: string, query = '', headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${app().url}${path}/trades/import${query}`, {
      method: 'POST',
      headers: { authorization: books.user().authorization, 'content-type': 'text/csv', ...headers },
      body,
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const noted = ({ body }: Answer): unknown[] =>
    body.items
      .filter(({ code }: Row) => code !== undefined)
      .map(({ line, status, code, params }: Row) => [line, status, code, params]);

  describe('that are more than their trade', () => {
    const file = text(
      OWN,
      `${TIME},x,BTC/EUR,buy,0.00001,90000,1,EUR,a`,
      `${TIME},x,BTC/EUR,buy,0.00001,90000,0.1,EUR,b`,
      `${TIME},x,ETH/EUR,buy,0.001,3000,0.002,ETH,c`,
      `${TIME},x,ETH/EUR,sell,0.0001,3000,1,EUR,d`,
    );

    it('are booked with a warning, shown in the dry run, and hold nothing back', async () => {
      await books.post(`${path}/transfers`, {
        kind: 'deposit',
        asset: 'EUR',
        quantity: '100',
        time: '2024-11-18T00:00:00Z',
      });
      const dry = await send(file, '?dryRun=true');
      assert.deepEqual([dry.status, dry.body.accepted, dry.body.rejected], [200, 4, 0]);
      const dear = [
        [2, 'accepted', 'fee-above-value', { fee: '1 EUR' }],
        [4, 'accepted', 'fee-above-value', { fee: '0.002 ETH' }],
        [5, 'accepted', 'fee-above-value', { fee: '1 EUR' }],
      ];
      assert.deepEqual(noted(dry), dear);
      const korean = await send(file, '?dryRun=true', { 'accept-language': 'ko' });
      assert.match(korean.body.items[0].detail, /수수료 1 EUR/);
      const booked = await send(file);
      assert.deepEqual([booked.status, booked.body.accepted], [201, 4], JSON.stringify(booked.body));
      assert.deepEqual(noted(booked), dear);
      const { items, warnings } = await books.get(`${path}/trades?order=asc`);
      const ids = items
        .filter(({ externalId }: { externalId: string }) => externalId !== 'b')
        .map(({ id }: { id: string }) => id);
      const [warning] = warnings.filter(({ code }: { code: string }) => code === 'fee-above-value');
      assert.deepEqual(warning.entries.toSorted(), ids.toSorted());
      const holdings = await books.get(`${path}/holdings`);
      const held = new Map(
        holdings.items.map(({ asset, quantity }: Record<string, string>) => [asset, quantity]),
      );
      // 100 − 0.9 − 1 − 0.9 − 0.1 − 3 + 0.3 − 1
      assert.deepEqual([held.get('EUR'), held.get('BTC'), held.get('ETH')], ['93.4', '0.00002', undefined]);
      const pnl = await books.get(`${path}/pnl`);
      assert.notEqual(pnl.netContributions, null);
    });

    it('stay where a correction does not concern them, and are refused where it does or a program says so', async () => {
      await send(file);
      const [{ id }] = (await books.get(`${path}/trades?order=asc`)).items.filter(
        ({ externalId }: { externalId: string }) => externalId === 'a',
      );
      for (const [list, named] of [
        ['trades', {}],
        ['entries', { kind: 'trade' }],
      ] as const) {
        const change = async (of: object): Promise<Answer> =>
          await books.call('PATCH', `${path}/${list}/${id}`, { ...named, ...of });
        assert.equal((await change({ note: 'checked' })).status, 200);
        assertNames(await change({ quantity: '0.000009' }), ['/fee/amount']);
        const body = {
          ...named,
          symbol: 'BTC/EUR',
          side: 'buy',
          quantity: '0.00001',
          price: '90000',
          fee: { amount: '1', currency: 'EUR' },
          time: TIME,
          externalId: 'e',
        };
        assertNames(await books.call('POST', `${path}/${list}`, body), ['/fee/amount']);
      }
    });

    it('are reported wherever they are in the file', async () => {
      const rows = Array.from(
        { length: 1_200 },
        (_, n) => `${TIME},x,BTC/EUR,buy,0.1,90000,${n === 1_150 ? 9_001 : 1},EUR,i${n}`,
      );
      const dry = await send(text(OWN, ...rows), '?dryRun=true');
      assert.deepEqual(noted(dry), [[1_152, 'accepted', 'fee-above-value', { fee: '9001 EUR' }]]);
      assert.equal(dry.body.items.length, 1_000);
    });
  });

  describe('that only the file has', () => {
    const trade = (change: object): object => ({
      exchange: 'kraken',
      symbol: 'BTC/EUR',
      side: 'buy',
      quantity: '0.01',
      price: '87000.1',
      time: TIME,
      ...change,
    });
    const kraken = text(
      KRAKEN,
      'T1,O1,XXBTZEUR,forex,crypto,2024-11-19 07:06:45.1234,buy,,87000.1,870.001,1.392,0.01,0,,L1',
    );
    const lost = [{ line: 2, differs: 'fee' }];

    for (const [name, sent, file, fee] of [
      ['matched by content', {}, kraken, '1.392 EUR'],
      ['matched by id', { externalId: 'T1' }, kraken, '1.392 EUR'],
      [
        'of its own layout',
        { externalId: 'T1' },
        text(OWN, `${TIME},kraken,BTC/EUR,buy,0.01,87000.1,0.1,BNB,`),
        '0.1 BNB',
      ],
      ['higher than booked', { fee: { amount: '1', currency: 'EUR' } }, kraken, '0.392 EUR'],
    ] as const) {
      it(`are shown with the entry that lacks them, and told as not booked: ${name}`, async () => {
        const booked = await books.post(`${path}/trades`, trade(sent));
        for (const query of ['?dryRun=true', '']) {
          const answer = await send(file, query);
          assert.deepEqual([answer.body.accepted, answer.body.duplicates], [0, 1]);
          assert.deepEqual(
            answer.body.nearMisses,
            lost.map((miss) => ({ ...miss, tradeId: booked.id })),
          );
          assert.deepEqual(noted(answer), [[2, 'duplicate', 'fee-not-booked', { fee }]]);
          const [amount, asset] = fee.split(' ');
          const sums = { asset, undecided: '0', settled: '0', ignored: `-${amount}`, rejected: '0' };
          assert.deepEqual(answer.body.unbooked, [sums]);
        }
        assert.equal((await books.get(`${path}/trades`)).items.length, 1);
      });
    }

    it('are told of fills that are summed up', async () => {
      const row = '2024-11-19 07:06:45,BTCEUR,BUY,87000,0.02BTC,1740EUR,0.2EUR';
      for (const fee of ['0.1', undefined]) {
        const own = fee === undefined ? {} : { fee: { amount: fee, currency: 'EUR' } };
        await books.post(`${path}/trades`, trade({ exchange: 'binance', price: '87000', ...own }));
      }
      const { body } = await send(text(BINANCE, row));
      assert.deepEqual([body.accepted, body.duplicates, body.nearMisses.length], [0, 1, 1]);
      assert.deepEqual(body.unbooked[0].ignored, '-0.1');
    });

    it('are none if they are booked, rounded, or were taken out on purpose', async () => {
      for (const fee of ['1.392', '1.39', '1.3915']) {
        path = await books.portfolio({ baseCurrency: 'EUR' });
        await books.post(`${path}/trades`, trade({ fee: { amount: fee, currency: 'EUR' } }));
        const { body } = await send(kraken);
        assert.deepEqual([body.duplicates, body.nearMisses, body.unbooked], [1, [], []], fee);
      }
      path = await books.portfolio({ baseCurrency: 'EUR' });
      await send(kraken);
      const [{ id }] = (await books.get(`${path}/trades`)).items;
      await books.call('PATCH', `${path}/trades/${id}`, { fee: null });
      const { body } = await send(kraken);
      assert.deepEqual([body.duplicates, body.nearMisses], [1, []]);
    });
  });
});
