import assert from 'node:assert/strict';
import { StreamClient } from '../../support/stream-client.ts';
import { bookkeeper, sum } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const at = (day: number, hour = 0): string => new Date(Date.UTC(2026, 2, day, hour)).toISOString();

/** One of every kind, with everything that it can have. */
const ENTRIES: Record<string, object> = {
  trade: {
    symbol: 'BTC/KRW',
    side: 'buy',
    quantity: '0.5',
    price: '1000',
    fee: { amount: '1', currency: 'KRW' },
    orderId: 'o',
    type: 'limit',
  },
  deposit: { asset: 'ETH', quantity: '3', unitCost: '100', txid: '0xd' },
  withdrawal: { asset: 'ETH', quantity: '1', txid: '0xw', networkFee: '0.01' },
  reward: { asset: 'ETH', quantity: '0.1', subtype: 'staking' },
  fee: { asset: 'KRW', quantity: '7' },
  rebate: { asset: 'ETH', quantity: '0.01', unitCost: '110' },
  adjustment: {
    asset: 'ETH',
    quantity: '-0.2',
    subtype: 'correction',
    reason: 'Lost in a fork of the books',
  },
  convert: {
    from: [
      { asset: 'ETH', quantity: '0.5', received: '4' },
      { asset: 'KRW', quantity: '10', received: '1' },
    ],
    to: { asset: 'BNB', quantity: '5' },
  },
  transfer: {
    asset: 'BTC',
    quantity: '0.2',
    account: 'upbit',
    toAccount: 'wallet',
    fee: { amount: '0.001', currency: 'BTC' },
    txid: '0xt',
  },
  rename: { asset: 'BNB', toAsset: 'BNBX' },
  redenomination: { asset: 'BNBX', toAsset: 'BNBY', ratio: { from: '1000', to: '1' } },
  fork: { asset: 'BTC', toAsset: 'BCH', quantity: '0.4', costShare: '0.1' },
};

function entryOf(kind: string, more: object = {}): object {
  const day = Object.keys(ENTRIES).indexOf(kind) + 2;
  const own = { externalId: `x-${kind}`, exchange: 'upbit', time: at(day), note: `a ${kind}`, tags: ['t'] };
  return { kind, ...own, account: 'upbit', sequence: 3, ...ENTRIES[kind], ...more };
}

eachApp('entries of the ledger', (app) => {
  const { user, call, get, post, portfolio, price, closes } = bookkeeper(app);
  before(() => closes({ 'ETH/KRW': { '2026-03-01': '120' }, 'BNB/KRW': { '2026-03-01': '20' } }));

  async function opened(): Promise<string> {
    const path = await portfolio();
    await post(`${path}/entries`, { kind: 'deposit', asset: 'KRW', quantity: '10000', time: at(1) });
    return path;
  }

  for (const kind of Object.keys(ENTRIES)) {
    it(`of the kind ${kind} are booked once, listed, corrected, taken out and streamed`, async () => {
      const path = await opened();
      const id = path.split('/').at(-1) ?? '';
      const stream = new StreamClient(`${app().url}/v1/streams?channels=ledger:${id}`, {
        headers: { authorization: user().authorization },
      });
      await stream.ready();
      const sent = entryOf(kind);
      const booked = await post(`${path}/entries`, sent);
      for (const [name, value] of Object.entries(sent)) {
        if (name === 'to') assert.deepEqual(booked.to, { ...value, unitCost: null });
        else assert.deepEqual(booked[name], name === 'time' ? value : value, name);
      }
      const again = await call('POST', `${path}/entries`, sent);
      assert.deepEqual([again.status, again.body], [200, booked]);
      const other = await call('POST', `${path}/entries`, entryOf(kind, { note: 'another' }));
      assertProblem(other, 409, 'trade-conflict');
      assert.deepEqual(await get(`${path}/entries/${booked.id}`), booked);
      const { items } = await get(`${path}/entries?kind=${kind}&order=asc`);
      assert.deepEqual(items.at(-1), booked);
      assert.equal((await get(`${path}/entries?account=upbit`)).items.length, 1);

      const before = await get(`${path}/pnl`);
      const late = { kind, note: null, time: at(1, 12), tags: [] };
      const changed = await call('PATCH', `${path}/entries/${booked.id}`, late);
      assert.equal(changed.status, 200, JSON.stringify(changed.body));
      assert.deepEqual(
        { ...changed.body, updatedAt: 0, rates: 0 },
        { ...booked, note: null, time: at(1, 12), tags: [], updatedAt: 0, rates: 0 },
      );
      const wrong = await call('PATCH', `${path}/entries/${booked.id}`, {
        kind: kind === 'fee' ? 'rebate' : 'fee',
      });
      assertProblem(wrong, 422, 'unprocessable-entry');
      assert.equal((await call('DELETE', `${path}/entries/${booked.id}`)).status, 204);
      assert.equal((await call('GET', `${path}/entries/${booked.id}`)).status, 404);
      const after = await get(`${path}/pnl`);
      assert.deepEqual([after.cash, after.equity, after.totalPnl], ['10000', '10000', '0']);
      assert.notEqual(after.position, before.position);
      await stream.until(
        () => stream.of('ledger').some(({ data }) => data.change === 'removed'),
        'the removal',
      );
      assert.deepEqual(
        stream
          .of('ledger')
          .filter(({ data }) => data.subject !== 'valuation')
          .map(({ data }) => data.change),
        ['booked', 'changed', 'removed'],
      );
      stream.cut();
    });
  }

  it('of every kind add up: total PnL is realised, unrealised and income, and what explains them too', async () => {
    for (const costMethod of ['average', 'fifo', 'lifo', 'hifo']) {
      const path = await portfolio({ costMethod });
      const items = [
        { kind: 'deposit', asset: 'KRW', quantity: '10000', time: at(1) },
        ...Object.keys(ENTRIES).map((kind) => entryOf(kind)),
      ];
      const { version } = await post(`${path}/entries`, { items });
      assert.equal(version, items.length);
      await price({
        'BTC/KRW': '1100',
        'ETH/KRW': '130',
        'BNBY/KRW': '21000',
        'BCH/KRW': '90',
      });
      const pnl = await get(`${path}/pnl`);
      const total = sum([pnl.totalPnl]);
      assert.equal(total, sum([pnl.equity]) - sum([pnl.netContributions]));
      assert.equal(total, sum([pnl.realizedPnl.net, pnl.unrealizedPnl, pnl.income]));
      const explained = await get(`${path}/pnl/explain`);
      assert.deepEqual(explained.realizedPnl, pnl.realizedPnl);
      assert.equal(explained.unrealizedPnl, pnl.unrealizedPnl);
      const periods = await get(`${path}/pnl/periods?interval=month&from=${at(1)}`);
      assert.equal(periods.total.fees, pnl.fees);
      assert.equal(periods.total.realizedPnl.net, pnl.realizedPnl.net);
    }
  });

  it('value a fee and a rebate at once, and a transfer between places at nothing but its fee at cost', async () => {
    const path = await opened();
    const items = [
      { kind: 'trade', symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1000', time: at(2) },
      { ...entryOf('transfer'), time: at(3) },
      { kind: 'fee', asset: 'KRW', quantity: '5', time: at(4) },
      { kind: 'rebate', asset: 'KRW', quantity: '2', time: at(5) },
    ];
    await post(`${path}/entries`, { items });
    await price({ 'BTC/KRW': '2000' });
    const pnl = await get(`${path}/pnl`);
    assert.deepEqual(
      [pnl.cash, pnl.fees, pnl.realizedPnl, pnl.costBasis, pnl.netContributions],
      ['8997', '4', { gross: '0', net: '-4' }, '999', '10000'],
    );
    const { items: lots } = await get(`${path}/lots?costMethod=fifo`);
    assert.deepEqual([lots[0].time, lots[0].quantity, lots[0].costBasis], [at(2), '0.999', '999']);
  });

  it('that no ledger of holdings keeps are refused by name, and so is what does not fit together', async () => {
    const path = await opened();
    for (const [entry, pointer, words] of [
      [
        { kind: 'futures', asset: 'BTC', quantity: '1', time: at(2) },
        '/kind',
        /margin and futures are not kept/,
      ],
      [{ kind: 'gift', asset: 'BTC', quantity: '1', time: at(2) }, '/kind', /must be one of trade, deposit/],
      [entryOf('adjustment', { reason: undefined }), '/reason', /./],
      [entryOf('adjustment', { quantity: '0' }), '/quantity', /zero/],
      [entryOf('transfer', { toAccount: 'upbit' }), '/toAccount', /another place/],
      [entryOf('convert', { to: { asset: 'ETH', quantity: '1' } }), '/from/0/asset', /already/],
      [
        entryOf('convert', {
          from: [
            { asset: 'BTC', quantity: '1', received: '1' },
            { asset: 'ETH', quantity: '1' },
          ],
        }),
        '/from/1/received',
        /of all sources or of none/,
      ],
      [entryOf('fee', { unitCost: '2' }), '/unitCost', /base currency/],
      [entryOf('withdrawal', { networkFee: '1' }), '/networkFee', /less than/],
      [entryOf('rename', { toAsset: 'BNB' }), '/toAsset', /another asset/],
      [entryOf('redenomination', { asset: 'KRW' }), '/asset', /base currency/],
      [entryOf('fork', { costShare: '1.01' }), '/costShare', /at most 1/],
    ] as const) {
      for (const inBatch of [false, true]) {
        const body = inBatch ? { items: [entryOf('reward'), entry] } : entry;
        const { status, body: answer } = await call('POST', `${path}/entries`, body);
        assert.ok(status === 400 || status === 422, `${status} ${JSON.stringify(answer)}`);
        assert.equal(
          answer.errors[0].pointer,
          inBatch ? `/items/1${pointer}` : pointer,
          JSON.stringify(answer),
        );
        assert.match(answer.errors[0].detail, words);
      }
    }
    assert.equal((await get(`${path}/entries`)).items.length, 1);
  });

  it('are written to a file, every kind with what it has', async () => {
    const path = await opened();
    await post(`${path}/entries`, { items: Object.keys(ENTRIES).map((kind) => entryOf(kind)) });
    const { body: file } = await call('GET', `${path}/entries.csv?order=asc`);
    const [headings, ...rows] = String(file).trim().split('\n');
    assert.equal(rows.length, 13);
    assert.match(headings ?? '', /^time,kind,subtype,exchange,account,toAccount,symbol,side,asset,quantity/);
    const convert = rows.find((row) => row.includes(',convert,')) ?? '';
    assert.match(convert, /,BNB,5,,"ETH 0\.5 = 4; KRW 10 = 1",/);
    const { body: some } = await call(
      'GET',
      `${path}/entries.csv?kind=adjustment&columns=kind,quantity,reason`,
    );
    assert.equal(some, 'kind,quantity,reason\nadjustment,-0.2,Lost in a fork of the books');
  });

  async function sent(path: string, file: string) {
    return await fetch(`${app().url}${path}/trades/import`, {
      method: 'POST',
      headers: { authorization: user().authorization, 'content-type': 'text/csv' },
      body: file,
    });
  }

  async function imported(path: string, file: string) {
    const response = await sent(path, file);
    const text = await response.text();
    assert.ok(response.ok, text);
    return JSON.parse(text);
  }

  for (const hasIds of [true, false]) {
    it(`are read back from that file, every kind with what it has, once, ${hasIds ? 'by' : 'without'} their ids`, async () => {
      const path = await opened();
      const own = hasIds ? {} : { externalId: undefined };
      const items = Object.keys(ENTRIES).map((kind) => entryOf(kind, own));
      await post(`${path}/entries`, { items });
      const other = await portfolio();
      for (const query of ['order=asc', 'order=asc&lang=ko']) {
        const { body: file } = await call('GET', `${path}/entries.csv?${query}`);
        const first = await imported(other, String(file));
        assert.equal(first.rejected, 0, JSON.stringify(first.rows));
        const again = await imported(path, String(file));
        assert.deepEqual([again.accepted, again.duplicates], [0, 13], JSON.stringify(again.rows));
      }
      const shown = async (of: string) =>
        (await get(`${of}/entries?order=asc`)).items.map((entry: object) =>
          Object.entries(entry).filter(([name]) => !['id', 'createdAt', 'updatedAt'].includes(name)),
        );
      assert.deepEqual(await shown(other), await shown(path));
      const elsewhere = String((await call('GET', `${path}/entries.csv?order=asc`)).body).replaceAll(
        ',upbit,upbit,',
        ',upbit,bithumb,',
      );
      if (!hasIds) assert.equal((await imported(other, elsewhere)).duplicates, 1);
    });
  }

  it('are refused in a file where a column has what their kind cannot', async () => {
    const path = await portfolio();
    const file = `time,kind,asset,quantity,txid,reason\n${at(2)},fee,ETH,1,0x1,\n${at(2)},deposit,ETH,1,,why\n`;
    const response = await sent(path, file);
    assert.equal(response.status, 422);
    assert.deepEqual(
      JSON.parse(await response.text()).errors.map(({ line, column }: { line: number; column: string }) => [
        line,
        column,
      ]),
      [
        [2, 'txid'],
        [3, 'reason'],
      ],
    );
  });

  it('are deposits, withdrawals and income in the list of transfers, and trades in that of trades', async () => {
    const path = await opened();
    await post(`${path}/entries`, { items: Object.keys(ENTRIES).map((kind) => entryOf(kind)) });
    const { items } = await get(`${path}/transfers?order=asc`);
    assert.deepEqual(
      items.map(({ kind }: { kind: string }) => kind),
      ['deposit', 'deposit', 'withdrawal', 'income'],
    );
    assert.equal((await get(`${path}/trades`)).items.length, 1);
    const fee = (await get(`${path}/entries?kind=fee`)).items[0];
    assert.equal((await call('GET', `${path}/transfers/${fee.id}`)).status, 404);
    assert.equal((await call('DELETE', `${path}/trades/${fee.id}`)).status, 404);
    const ofBnb = await get(`${path}/entries?asset=KRW&kind=convert`);
    assert.equal(ofBnb.items.length, 1, 'by what a conversion gives, too');
  });

  it('are of any asset that an exchange lists, whatever its script and case', async () => {
    const path = await opened();
    for (const asset of ['1INCH', 'stETH', '币安人生', '$AI']) {
      const symbol = `${asset}/KRW`;
      await price({ [symbol]: '7' });
      await post(`${path}/entries`, {
        kind: 'trade',
        symbol,
        side: 'buy',
        quantity: '2',
        price: '5',
        time: at(2),
      });
      const { items } = await get(`${path}/holdings`);
      const holding = items.find((item: { asset: string }) => item.asset === asset);
      assert.deepEqual([holding.symbol, holding.marketValue], [symbol, '14']);
      const query = `asset=${encodeURIComponent(asset)}`;
      assert.equal((await get(`${path}/pnl/explain?${query}`)).items[0].quantity, '2');
      assert.equal((await get(`${path}/entries?${query}`)).items.length, 1);
    }
    const wide = { kind: 'deposit', asset: 'ＥＴＨ', quantity: '1', unitCost: '1', time: at(2) };
    assert.equal((await post(`${path}/entries`, wide)).asset, 'ETH');
    const wrong = await call('POST', `${path}/entries`, { ...wide, asset: 'B*' });
    assertProblem(wrong, 400, 'invalid-request');
    assert.match(wrong.body.errors[0].detail, /"\*" cannot be part of one/);
  });

  it('are refused where a code differs from another one of the ledger in case only', async () => {
    const path = await opened();
    const book = (body: object) => call('POST', `${path}/entries`, body);
    const coin = { kind: 'deposit', quantity: '1', unitCost: '1', time: at(2) };
    assert.equal((await book({ ...coin, asset: 'stETH' })).status, 201);
    for (const [given, detail] of [
      [{ ...coin, asset: 'STETH' }, '`STETH` and `stETH` differ in case only'],
      [{ ...coin, asset: 'krw' }, '`krw` and `KRW` differ in case only'],
      [
        {
          items: [
            { ...coin, asset: 'wBTC' },
            { ...coin, asset: 'WBTC' },
          ],
        },
        '`wBTC` and `WBTC` differ in case only',
      ],
    ] as const) {
      const answer = await book(given);
      assertProblem(answer, 422, 'unprocessable-entry');
      assert.ok(answer.body.detail.startsWith(detail), answer.body.detail);
    }
  });

  it('that change an asset itself keep lots, dates and cost, and realise nothing', async () => {
    for (const costMethod of ['average', 'fifo', 'lifo', 'hifo']) {
      const path = await portfolio({ costMethod });
      const bought = { kind: 'trade', symbol: 'LUNA/KRW', side: 'buy' };
      await post(`${path}/entries`, {
        items: [
          { kind: 'deposit', asset: 'KRW', quantity: '10000', time: at(1) },
          { ...bought, quantity: '2', price: '90', time: at(2) },
          { ...bought, quantity: '1', price: '150', time: at(3) },
          { kind: 'fork', asset: 'LUNA', toAsset: 'LUNB', quantity: '6', costShare: '0.1', time: at(4) },
          { kind: 'fork', asset: 'LUNA', toAsset: 'LUND', quantity: '7', time: at(4) },
          { kind: 'rename', asset: 'LUNA', toAsset: 'LUNC', time: at(5) },
          { kind: 'redenomination', asset: 'LUNC', ratio: { from: '3', to: '1000' }, time: at(6) },
        ],
      });
      const lotsOf = async (asset: string) =>
        (await get(`${path}/lots?costMethod=fifo&asset=${asset}`)).items.map(
          ({ time, quantity, costBasis }: Record<string, string>) => [time, quantity, costBasis],
        );
      assert.deepEqual(await lotsOf('LUNC'), [
        [at(2), '666.666666666666666667', '162'],
        [at(3), '333.333333333333333333', '135'],
      ]);
      assert.deepEqual(await lotsOf('LUNB'), [
        [at(2), '4', '18'],
        [at(3), '2', '15'],
      ]);
      assert.deepEqual(await lotsOf('LUND'), [[at(4), '7', '0']]);
      const { items } = await get(`${path}/holdings`);
      assert.deepEqual(
        items
          .filter(({ asset }: { asset: string }) => asset !== 'KRW')
          .map(({ asset, quantity, costBasis }: Record<string, string>) => [asset, quantity, costBasis])
          .sort(),
        [
          ['LUNB', '6', '33'],
          ['LUNC', '1000', '297'],
          ['LUND', '7', '0'],
        ],
      );
      const pnl = await get(`${path}/pnl`);
      assert.deepEqual(
        [pnl.realizedPnl.net, pnl.income, pnl.transferredPnl, pnl.netContributions],
        ['0', '0', '0', '10000'],
      );
      const [explained] = (await get(`${path}/pnl/explain?asset=LUNC`)).items;
      assert.deepEqual(
        explained.acquisitions.map(({ reason, quantity, cost }: Record<string, string>) => [
          reason,
          quantity,
          cost,
        ]),
        [['rename', '3', '297']],
      );
      // A purchase that was forgotten is renamed, told in other units and forked as well.
      const late = await post(`${path}/trades`, {
        symbol: 'LUNA/KRW',
        side: 'buy',
        quantity: '3',
        price: '60',
        time: at(1, 1),
      });
      assert.deepEqual((await lotsOf('LUNC'))[0], [at(1, 1), '1000', '162']);
      assert.deepEqual((await lotsOf('LUNB'))[0], [at(1, 1), '3', '18']);
      assert.equal((await call('DELETE', `${path}/trades/${late.id}`)).status, 204);
      assert.deepEqual((await lotsOf('LUNB'))[0], [at(2), '4', '18']);
      const sale = { ...bought, symbol: 'LUNC/KRW', side: 'sell', quantity: '500', price: '1', time: at(7) };
      await post(`${path}/entries`, sale);
      const realised = { average: '351.5', fifo: '378.5', lifo: '324.5', hifo: '324.5' }[costMethod] ?? '';
      const net: string = (await get(`${path}/pnl`)).realizedPnl.net;
      assert.equal(Number(net).toFixed(1), realised);
      const rename = (await get(`${path}/entries?kind=rename`)).items[0];
      assert.equal((await call('DELETE', `${path}/entries/${rename.id}`)).status, 204);
      assert.deepEqual(await lotsOf('LUNA'), [
        [at(2), '2', '162'],
        [at(3), '1', '135'],
      ]);
    }
  });

  it('that left one place and arrived at another are joined and parted, which restates every figure exactly', async () => {
    for (const costMethod of ['average', 'fifo', 'lifo', 'hifo']) {
      const path = await portfolio({ costMethod });
      const eth = { asset: 'ETH', account: 'upbit' };
      const { items } = await post(`${path}/entries`, {
        items: [
          { kind: 'deposit', asset: 'KRW', quantity: '10000', time: at(1) },
          { kind: 'trade', symbol: 'ETH/KRW', side: 'buy', quantity: '2', price: '90', time: at(2) },
          { kind: 'trade', symbol: 'ETH/KRW', side: 'buy', quantity: '2', price: '110', time: at(3) },
          { kind: 'withdrawal', ...eth, quantity: '3', time: at(4) },
          { kind: 'deposit', asset: 'ETH', account: 'wallet', quantity: '2.9', time: at(4, 1) },
          { kind: 'trade', symbol: 'ETH/KRW', side: 'sell', quantity: '1', price: '130', time: at(5) },
        ],
      });
      const [withdrawal, deposit] = [items[3].entry, items[4].entry];
      const figures = async (): Promise<object> => {
        const { position: _, asOf: __, ...pnl } = await get(`${path}/pnl`);
        return { pnl, lots: (await get(`${path}/lots`)).items };
      };
      const apart = await figures();
      const join = { depositId: deposit.id };
      const joined = await call('PUT', `${path}/entries/${withdrawal.id}/joined`, join);
      assert.equal(joined.status, 204);
      assert.equal((await get(`${path}/entries/${withdrawal.id}`)).joinedWith, deposit.id);
      assert.equal((await get(`${path}/entries/${deposit.id}`)).joinedWith, withdrawal.id);
      const pnl = await get(`${path}/pnl`);
      assert.equal(pnl.netContributions, '10000', 'nothing went in or out');
      assert.equal(sum([pnl.totalPnl]), sum([pnl.realizedPnl.net, pnl.unrealizedPnl, pnl.income]));
      const cost = { average: '10', fifo: '9', lifo: '11', hifo: '11' }[costMethod];
      assert.equal(pnl.fees, cost, 'the fee leaves at cost');
      const { items: lots } = await get(`${path}/lots?costMethod=fifo`);
      assert.equal(lots[0].time, at(2), 'dates stay');
      const twice = await call('PUT', `${path}/entries/${withdrawal.id}/joined`, join);
      assertProblem(twice, 409, 'conflict');
      const moved = await call('PATCH', `${path}/entries/${withdrawal.id}`, {
        kind: 'withdrawal',
        quantity: '2.95',
      });
      assertProblem(moved, 422, 'unprocessable-entry');
      const noted = await call('PATCH', `${path}/entries/${deposit.id}`, {
        kind: 'deposit',
        note: 'arrived',
      });
      assert.equal(noted.body.joinedWith, withdrawal.id);
      assert.equal((await call('DELETE', `${path}/entries/${deposit.id}/joined`)).status, 204);
      assert.deepEqual(await figures(), apart);
      await call('PUT', `${path}/entries/${withdrawal.id}/joined`, join);
      assert.equal((await call('DELETE', `${path}/entries/${deposit.id}`)).status, 204);
      assert.equal((await get(`${path}/entries/${withdrawal.id}`)).joinedWith, null, 'it is alone again');
      const wrong = await call('PUT', `${path}/entries/${items[0].entry.id}/joined`, {
        depositId: withdrawal.id,
      });
      assertProblem(wrong, 409, 'conflict');
    }
  });
});
