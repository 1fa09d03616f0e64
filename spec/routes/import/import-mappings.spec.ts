import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Answer } from '../../support/app.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const BROKER = {
  name: 'My broker',
  exchange: 'broker',
  columns: {
    time: 'Ausgeführt am',
    kind: 'Art',
    symbol: 'Markt',
    asset: 'Währung',
    quantity: 'Menge',
    total: 'Betrag',
    feeAmount: 'Gebühr',
    externalId: 'Nr.',
  },
  kinds: { Kauf: 'buy', Verkauf: 'sell', Einzahlung: 'deposit', Zinsen: 'income', Storno: 'nothing' },
  tz: 'Europe/Berlin',
};
const FILE = `Depotauszug
Ausgeführt am;Art;Markt;Währung;Menge;Betrag;Gebühr;Nr.
19.11.2024 08:06:45;Kauf;BTC/EUR;;0,01;870,001;1,392;a1
20.11.2024 08:00:00;Einzahlung;;EUR;2.000,50;;;a2
21.11.2024 08:00:00;Zinsen;;EUR;0,17;;;a3
22.11.2024 08:00:00;Storno;BTC/EUR;;1;1;;a4
23.11.2024 08:00:00;Depotwechsel;;BTC;0,005;;;a5
`;

const DOCS = readFileSync(new URL('../../../docs/files.md', import.meta.url), 'utf8');

/** Headings and words of sides as exchanges of other languages have them. */
const ABROAD = [
  ['Fecha (UTC)', 'Par', 'Lado', 'Cantidad', 'Precio', 'Comisión', 'Compra', 'Venta'],
  ['Datum (UTC)', 'Paar', 'Seite', 'Menge', 'Preis', 'Gebühr', 'Kauf', 'Verkauf'],
  ['日時(UTC)', '通貨ペア', '売買', '数量', '価格', '手数料', '買い', '売り'],
] as const;

eachApp('mappings of CSV files', (app) => {
  const books = bookkeeper(app);
  let path: string;
  beforeEach(async () => {
    path = await books.portfolio({ baseCurrency: 'EUR' });
  });

  const send = async (body: string, query: string): Promise<Answer> => {
    const response = await fetch(`${app().url}${path}/trades/import?${query}`, {
      method: 'POST',
      headers: { authorization: books.user().authorization, 'content-type': 'text/csv' },
      body,
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };

  it('have an example in the documents that reads a file of Korbit', async () => {
    path = await books.portfolio();
    const example = JSON.parse(/```json\n([^]+?)```/.exec(DOCS)?.[1] ?? '{}') as Record<string, unknown>;
    const saved = await books.call('POST', '/v1/import-mappings', example);
    assert.equal(saved.status, 201, JSON.stringify(saved.body));
    const file = `체결시각,거래쌍,구분,체결수량,체결가격,수수료,수수료 통화
2025-11-21 09:00:06,BTC/KRW,매수,0.02,150000000,1500,KRW
2025-11-21 09:10:00,BTC/KRW,매도,0.01,151000000,755,KRW
`;
    const { status, body } = await send(file, 'mapping=korbit');
    assert.deepEqual([status, body.accepted, body.undecided], [201, 2, 0], JSON.stringify(body));
    const [sale, purchase] = (await books.get(`${path}/trades`)).items;
    assert.deepEqual(
      [purchase.exchange, purchase.time, purchase.side, sale.side, sale.fee],
      ['korbit', '2025-11-21T00:00:06.000Z', 'buy', 'sell', { amount: '755', currency: 'KRW' }],
    );
    await books.call('DELETE', `/v1/import-mappings/${saved.body.id}`);
  });

  for (const [time, symbol, kind, quantity, price, feeAmount, buy, sell] of ABROAD) {
    it(`read headings in any language: ${time}`, async () => {
      const columns = { time, symbol, kind, quantity, price, feeAmount };
      const kinds = { [buy]: 'buy', [sell]: 'sell' };
      const name = `abroad ${time}`;
      const saved = await books.call('POST', '/v1/import-mappings', {
        name,
        exchange: 'abroad',
        columns,
        kinds,
      });
      assert.equal(saved.status, 201, JSON.stringify(saved.body));
      const rows = [
        [time, symbol, kind, quantity, price, feeAmount],
        ['2025-11-21 09:00:06', 'BTC/EUR', buy, '0.02', '90000', '1.8'],
        ['2025-11-21 09:10:00', 'BTC/EUR', sell, '0.01', '91000', '0.91'],
      ];
      const file = rows.map((row) => row.join(',')).join('\n');
      assertProblem(await send(file, 'dryRun=true'), 400, 'malformed-csv');
      const { status, body } = await send(file, `mapping=${encodeURIComponent(name)}`);
      assert.deepEqual([status, body.accepted, body.undecided], [201, 2, 0], JSON.stringify(body));
      const [last, first] = (await books.get(`${path}/trades`)).items;
      assert.deepEqual(
        [first.time, first.side, first.quantity, last.side, last.price, last.fee],
        ['2025-11-21T09:00:06.000Z', 'buy', '0.02', 'sell', '91000', { amount: '0.91', currency: 'EUR' }],
      );
      await books.call('DELETE', `/v1/import-mappings/${saved.body.id}`);
    });
  }

  it('read a file of another layout, previewed on its first rows, and used by name', async () => {
    assertProblem(await send(FILE, 'dryRun=true'), 400, 'malformed-csv');
    const saved = await books.call('POST', '/v1/import-mappings', BROKER);
    assert.equal(saved.status, 201, JSON.stringify(saved.body));
    const query = `mapping=${encodeURIComponent('My broker')}`;
    const dry = await send(FILE, `${query}&dryRun=true`);
    assert.equal(dry.status, 200, JSON.stringify(dry.body));
    assert.deepEqual(dry.body.preview, [
      {
        line: 3,
        entries: [
          {
            kind: 'trade',
            symbol: 'BTC/EUR',
            side: 'buy',
            price: '87000.1',
            fee: { amount: '1.392', currency: 'EUR' },
            quantity: '0.01',
            time: '2024-11-19T07:06:45.000Z',
          },
        ],
      },
      {
        line: 4,
        entries: [{ kind: 'deposit', asset: 'EUR', quantity: '2000.5', time: '2024-11-20T07:00:00.000Z' }],
      },
      {
        line: 5,
        entries: [{ kind: 'income', asset: 'EUR', quantity: '0.17', time: '2024-11-21T07:00:00.000Z' }],
      },
    ]);
    const { format, rows, accepted, ignored, undecided, unbooked } = dry.body;
    assert.deepEqual([format, rows, accepted, ignored, undecided], ['mapping', 5, 3, 1, 1]);
    assert.deepEqual(unbooked, [
      { asset: 'BTC', undecided: '0.005', settled: '0', ignored: '0', rejected: '0' },
    ]);
    const booked = await send(FILE, query);
    assert.deepEqual([booked.status, booked.body.accepted], [201, 3]);
    const again = await send(FILE, query);
    assert.deepEqual([again.body.accepted, again.body.duplicates], [0, 3]);
  });

  it('are kept by name, listed and deleted, each for its user alone', async () => {
    const { body: first } = await books.call('POST', '/v1/import-mappings', BROKER);
    const replaced = await books.call('POST', '/v1/import-mappings', { ...BROKER, exchange: 'other' });
    assert.deepEqual([replaced.status, replaced.body.id, replaced.body.exchange], [200, first.id, 'other']);
    const { items } = await books.get('/v1/import-mappings');
    assert.deepEqual(items, [replaced.body]);
    const stranger = await app().user();
    const theirs = await app().call('GET', '/v1/import-mappings', { as: stranger });
    assert.deepEqual(theirs.body.items, []);
    assert.equal((await books.call('DELETE', `/v1/import-mappings/${first.id}`)).status, 204);
    assertProblem(await books.call('DELETE', `/v1/import-mappings/${first.id}`), 404, 'not-found');
  });

  it('are refused when they cannot read anything, and beyond a hundred of one user', async () => {
    const { symbol: _symbol, asset: _asset, ...columns } = BROKER.columns;
    const without = await books.call('POST', '/v1/import-mappings', { ...BROKER, columns });
    assertProblem(without, 400, 'invalid-request');
    assertNames(without, ['/columns']);
    assertProblem(await send(FILE, 'mapping=none'), 400, 'invalid-request');
    for (let n = 1; n <= 100; n += 1) {
      const { status } = await books.call('POST', '/v1/import-mappings', { ...BROKER, name: `m${n}` });
      assert.equal(status, 201);
    }
    const beyond = await books.call('POST', '/v1/import-mappings', { ...BROKER, name: 'one more' });
    assertProblem(beyond, 409, 'quota-exceeded');
    assert.equal((await books.call('POST', '/v1/import-mappings', { ...BROKER, name: 'm1' })).status, 200);
  });
});
