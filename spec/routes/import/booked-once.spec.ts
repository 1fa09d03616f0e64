import assert from 'node:assert/strict';
import type { Answer } from '../../support/app.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const TIME = '2024-11-19T07:06:45.123Z';
const IDS = ['T1', 'T2'] as const;
const OTHER_IDS = ['T3', 'T4'] as const;

const OWN = 'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId,orderId';
const KRAKEN =
  'txid,ordertxid,pair,aclass,subclass,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers';
const KOINLY =
  'Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash';
const MAPPED = 'when,pair,what,amount,at,cost';

const ownRow = (id: string): string => `${TIME},kraken,BTC/EUR,buy,0.01,87000.1,1.392,EUR,${id},O1`;
const krakenRow = (id: string): string =>
  `${id},O1,XXBTZEUR,forex,crypto,2024-11-19 07:06:45.1234,buy,,87000.10000,870.00100,1.39200,0.01000000,0.00000,,L1`;
const KOINLY_ROW = '2024-11-19 07:06:45 UTC,870.001,EUR,0.01,BTC,1.392,EUR,,,,Trade,';
const MAPPED_ROW = '2024-11-19 07:06:45,BTC/EUR,buy,0.01,87000.1,1.392';

type Ids = readonly string[];

/** A way into the ledger; what it sends are two fills that say the same. */
interface Way {
  name: string;
  /** Whether it says ids of the exchange. */
  hasIds: boolean;
  rest?: 'single' | 'batch';
  file?: (ids: Ids) => string;
  query?: string;
}

const text = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;

const WAYS: readonly Way[] = [
  { name: 'its own file without ids', hasIds: false, file: () => text(OWN, ownRow(''), ownRow('')) },
  { name: 'its own file with ids', hasIds: true, file: (ids) => text(OWN, ...ids.map(ownRow)) },
  { name: 'requests without ids', hasIds: false, rest: 'single' },
  { name: 'requests with ids', hasIds: true, rest: 'single' },
  { name: 'a batch without ids', hasIds: false, rest: 'batch' },
  { name: 'a batch with ids', hasIds: true, rest: 'batch' },
  { name: 'a file of Koinly, without ids', hasIds: false, file: () => text(KOINLY, KOINLY_ROW, KOINLY_ROW) },
  { name: 'a file of Kraken, with ids', hasIds: true, file: (ids) => text(KRAKEN, ...ids.map(krakenRow)) },
  {
    name: 'a mapped file',
    hasIds: false,
    file: () => text(MAPPED, MAPPED_ROW, MAPPED_ROW),
    query: '?mapping=matrix',
  },
];

eachApp('two fills that come twice', (app) => {
  const books = bookkeeper(app);
  let path: string;
  before(async () => {
    await books.post('/v1/import-mappings', {
      name: 'matrix',
      exchange: 'kraken',
      tz: 'UTC',
      columns: {
        time: 'when',
        symbol: 'pair',
        kind: 'what',
        quantity: 'amount',
        price: 'at',
        feeAmount: 'cost',
      },
      kinds: { buy: 'buy' },
    });
  });
  beforeEach(async () => {
    path = await books.portfolio({ baseCurrency: 'EUR' });
  });

  const body = (externalId?: string): object => ({
    exchange: 'kraken',
    symbol: 'BTC/EUR',
    side: 'buy',
    quantity: '0.01',
    price: '87000.1',
    fee: { amount: '1.392', currency: 'EUR' },
    time: TIME,
    orderId: 'O1',
    ...(externalId === undefined ? {} : { externalId }),
  });

  async function sent(way: Way, ids: Ids): Promise<Answer[]> {
    if (way.file !== undefined) {
      const response = await fetch(`${app().url}${path}/trades/import${way.query ?? ''}`, {
        method: 'POST',
        headers: { authorization: books.user().authorization, 'content-type': 'text/csv' },
        body: way.file(ids),
      });
      return [{ status: response.status, headers: response.headers, body: await response.json() }];
    }
    const bodies = ids.map((id) => body(way.hasIds ? id : undefined));
    if (way.rest === 'batch') return [await books.call('POST', `${path}/trades`, { items: bodies })];
    const answers: Answer[] = [];
    for (const each of bodies) answers.push(await books.call('POST', `${path}/trades`, each));
    return answers;
  }

  const fills = async (): Promise<number> => (await books.get(`${path}/trades?limit=100`)).items.length;

  for (const first of WAYS) {
    for (const second of WAYS) {
      const isById = first.hasIds && second.hasIds;
      const isTwice = first.rest !== undefined && second.rest !== undefined && !isById;
      it(`are ${isTwice ? 'four' : 'two'} fills: ${first.name}, then ${second.name}`, async () => {
        for (const { status, body: answer } of await sent(first, IDS)) {
          assert.equal(status, 201, JSON.stringify(answer));
        }
        assert.equal(await fills(), 2, 'equal fills of one source are two');
        for (const { status, body: answer } of await sent(second, IDS)) {
          if (second.file !== undefined) {
            const counts = [status, answer.accepted, answer.duplicates, answer.nearMisses];
            assert.deepEqual(counts, [200, 0, 2, []], JSON.stringify(answer));
          } else if (isById) {
            assert.equal(status, 200, JSON.stringify(answer));
          } else if (isTwice) {
            assert.equal(status, 201, JSON.stringify(answer));
          } else {
            assert.deepEqual([status, answer.errors?.[0].code], [409, 'possible-duplicate']);
          }
        }
        assert.equal(await fills(), isTwice ? 4 : 2);
        if (!isById) return;
        for (const { status, body: answer } of await sent(second, OTHER_IDS)) {
          assert.equal(status, 201, JSON.stringify(answer));
        }
        assert.equal(await fills(), 4, 'other ids are other fills');
      });
    }
  }

  const imported = async (file: string): Promise<unknown[]> => {
    const [answer] = await sent({ name: 'a file', hasIds: false, file: () => file }, []);
    const { accepted, duplicates, nearMisses } = answer?.body ?? {};
    return [accepted, duplicates, nearMisses?.map(({ differs }: { differs: string }) => differs)];
  };

  it('are known from its own file without ids after they were corrected, as they were and as they are', async () => {
    const file = text(OWN, ownRow(''), ownRow(''));
    assert.deepEqual(await imported(file), [2, 0, []]);
    const [{ id }] = (await books.get(`${path}/trades`)).items;
    const corrected = await books.call('PATCH', `${path}/trades/${id}`, { quantity: '0.02' });
    assert.equal(corrected.status, 200);
    assert.deepEqual(await imported(file), [0, 2, []]);
    for (const name of ['trades.csv', 'entries.csv']) {
      const { body: now } = await books.call('GET', `${path}/${name}`);
      assert.deepEqual(await imported(String(now)), [0, 2, []], name);
    }
    assert.deepEqual(await imported(text(OWN, ownRow(''), ownRow(''), ownRow(''))), [1, 2, []]);
  });

  it('are not the same in another account, but alike', async () => {
    const head = 'time,kind,asset,quantity,account';
    const row = (account: string): string => text(head, `${TIME},deposit,BTC,0.5,${account}`);
    assert.deepEqual(await imported(row('wallet')), [1, 0, []]);
    assert.deepEqual(await imported(row('')), [0, 1, []]);
    assert.deepEqual(await imported(row('vault')), [1, 0, ['account']]);
  });
});
