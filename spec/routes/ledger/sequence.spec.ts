import assert from 'node:assert/strict';
import type { Answer } from '../../support/app.ts';
import { bookkeeper, dice } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const TIME = Date.UTC(2026, 2, 2, 9);

interface Fill {
  externalId: string;
  exchange: string;
  symbol: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  fee: { amount: string; currency: string };
  time: number;
}

/** Purchases and sales of two coins in one instant, of which none sells short in this order. */
function fillsOf(seed: number, count: number): Fill[] {
  const roll = dice(seed);
  const held = new Map<string, number>();
  return Array.from({ length: count }, (_, index) => {
    const coin = ['BTC', 'ETH'][roll(2)] ?? '';
    const own = held.get(coin) ?? 0;
    const side = own > 0 && roll(2) === 0 ? 'sell' : 'buy';
    const quantity = side === 'sell' ? 1 + roll(own) : 1 + roll(9);
    held.set(coin, own + (side === 'sell' ? -quantity : quantity));
    return {
      // An order of their own, which is not that of time.
      externalId: `${String.fromCharCode(97 + roll(26))}-${index}`,
      exchange: 'upbit',
      symbol: `${coin}/KRW`,
      side,
      quantity: String(quantity),
      price: `${100 + roll(90)}.${roll(10)}`,
      fee: { amount: `0.${1 + roll(9)}`, currency: 'KRW' },
      time: TIME,
    };
  });
}

eachApp('fills of one instant', (app) => {
  const books = bookkeeper(app);
  const portfolio = (costMethod = 'fifo'): Promise<string> =>
    books.portfolio({ costMethod, baseCurrency: 'KRW' });

  // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
  async function figures(path: string): Promise<any> {
    const { items, warnings } = await books.get(`${path}/holdings`);
    const { realizedPnl } = await books.get(`${path}/pnl`);
    const { items: trades } = await books.get(`${path}/trades?limit=1000`);
    return {
      // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
      holdings: items.map(({ asset, quantity, costBasis, averagePrice }: any) => [
        asset,
        quantity,
        costBasis,
        averagePrice,
      ]),
      // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
      oversold: warnings.filter(({ code }: any) => code === 'oversold').length,
      realizedPnl,
      trades: trades
        // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
        .map(({ quantity, price, realizedPnl: own }: any) => JSON.stringify([quantity, price, own]))
        .sort(),
    };
  }

  async function send(path: string, text: string, query = ''): Promise<Answer> {
    return await app().call('POST', `${path}/trades/import${query}`, {
      as: books.user(),
      headers: { 'content-type': 'text/csv' },
      body: text,
    });
  }

  const OWN = 'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId';
  const own = (fills: readonly Fill[], more = ''): string =>
    [
      OWN + (more === '' ? '' : `,${more}`),
      ...fills.map(({ time, fee, ...fill }, index) =>
        [
          time,
          fill.exchange,
          fill.symbol,
          fill.side,
          fill.quantity,
          fill.price,
          fee.amount,
          fee.currency,
          fill.externalId,
          ...(more === '' ? [] : [index]),
        ].join(),
      ),
      '',
    ].join('\n');

  const UPBIT = '체결시간,코인,마켓,종류,거래수량,거래단가,수수료';
  const upbit = (fills: readonly Fill[]): string =>
    [
      UPBIT,
      ...fills.map(({ symbol, side, quantity, price, fee }) =>
        [
          '2026.03.02 18:00',
          symbol.replace('/KRW', ''),
          'KRW',
          side === 'buy' ? '매수' : '매도',
          quantity,
          price,
          fee.amount,
        ].join(),
      ),
      '',
    ].join('\n');

  it('come in the order of their batch or file, whichever way it runs', async () => {
    for (const costMethod of ['fifo', 'average']) {
      for (const seed of [1, 2, 3]) {
        const fills = fillsOf(seed, 14);
        // What they come to when their times tell the order.
        const apart = await portfolio(costMethod);
        for (const [index, fill] of fills.entries()) {
          await books.post(`${apart}/trades`, { ...fill, time: TIME + index });
        }
        const expected = await figures(apart);
        assert.equal(expected.oversold, 0);
        const later = { ...fills[0], externalId: 'z', symbol: 'XRP/KRW', side: 'buy', time: TIME + 60_000 };
        const ways: [string, (path: string) => Promise<unknown>][] = [
          ['batch', (path) => books.post(`${path}/trades`, { items: fills })],
          ['batch, newest first', (path) => books.post(`${path}/trades`, { items: fills.toReversed() })],
          ['file', (path) => send(path, own(fills), '?order=oldest-first')],
          ['file, newest first', (path) => send(path, own(fills.toReversed()), '?order=newest-first')],
          ['file of Upbit', (path) => send(path, upbit(fills.toReversed()))],
          [
            'sequences in any order',
            async (path) => {
              const items = fills.map((fill, sequence) => ({ ...fill, sequence }));
              for (const item of [...items.slice(7), ...items.slice(0, 7)])
                await books.post(`${path}/trades`, item);
            },
          ],
          [
            'sequences in a file',
            (path) => {
              const [head = '', ...rows] = own(fills, 'sequence').trimEnd().split('\n');
              return send(path, [head, ...rows.slice(5), ...rows.slice(0, 5), ''].join('\n'));
            },
          ],
        ];
        for (const [name, book] of ways) {
          const path = await portfolio(costMethod);
          await book(path);
          assert.deepEqual(await figures(path), expected, `${costMethod} ${seed} ${name}`);
        }
        // Where other times tell which way it runs, sales need not.
        const path = await portfolio(costMethod);
        await books.post(`${path}/trades`, { items: [later, ...fills.toReversed()] });
        const { holdings } = await figures(path);
        for (const [asset, ...holding] of expected.holdings) {
          if (asset === 'KRW') continue;
          const found = holdings.find(([name]: string[]) => name === asset);
          assert.deepEqual(found?.slice(1), holding);
        }
      }
    }
  });

  it('are oversold only where real milliseconds put a sale before its purchase, in whatever order they are sent', async () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    const fills = (times: readonly number[]): object[] =>
      times.map((ms, index) => ({
        symbol: 'BTC/KRW',
        side: index === 2 ? 'sell' : 'buy',
        quantity: index === 2 ? '2' : '1',
        price: '100',
        time: TIME + ms,
        externalId: `f${index}`,
      }));
    for (const [times, isOversold] of [
      [[100, 200, 300], false],
      [[300, 200, 100], true],
      [[0, 0, 999], false],
      [[0, 999, 998], true],
    ] as const) {
      for (const order of orders) {
        const sent = order.flatMap((at) => fills(times).slice(at, at + 1));
        for (const batches of [[sent], sent.map((fill) => [fill])]) {
          const path = await portfolio();
          for (const items of batches) await books.post(`${path}/trades`, { items });
          const { warnings } = await books.get(`${path}/trades`);
          const found = warnings.some(({ code }: { code: string }) => code === 'oversold');
          assert.equal(found, isOversold, `${times.join()} sent as ${order.join()}`);
        }
      }
    }
  });

  it('sent one by one come to the same in whatever order they arrive', async () => {
    const fills = fillsOf(7, 9).map(({ externalId, ...fill }, index) =>
      index % 3 === 0 ? fill : { ...fill, externalId },
    );
    // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
    let expected: any;
    const roll = dice(11);
    for (let n = 0; n < 6; n += 1) {
      const path = await portfolio();
      const rest = [...fills];
      while (rest.length > 0) {
        const [fill] = rest.splice(roll(rest.length), 1);
        await books.post(`${path}/trades`, fill);
      }
      const found = await figures(path);
      expected ??= found;
      assert.deepEqual(found, expected);
      assert.equal(found.oversold, 0, 'purchases come before sales');
    }
  });

  describe('of a file that does not tell which came first', () => {
    const fill = (side: 'buy' | 'sell', quantity: string, price: string): Fill => ({
      externalId: `${side}-${price}`,
      exchange: 'bot',
      symbol: 'BTC/KRW',
      side,
      quantity,
      price,
      fee: { amount: '0', currency: 'KRW' },
      time: TIME,
    });
    const ambiguous = own([fill('sell', '2', '120'), fill('buy', '2', '100'), fill('sell', '1', '110')]);

    it('are booked when it is said, and not before', async () => {
      const path = await portfolio();
      await books.post(`${path}/trades`, { ...fill('buy', '5', '90'), externalId: 'first', time: TIME - 1 });
      const dry = await send(path, ambiguous, '?dryRun=true');
      assert.deepEqual([dry.status, dry.body.order, dry.body.accepted], [200, null, 3]);
      for (const query of ['', '?skipRejected=true']) {
        const refused = await send(path, ambiguous, query);
        assertProblem(refused, 422, 'unprocessable-entry');
        assert.deepEqual(refused.body.errors, [
          { parameter: 'order', code: 'unknown-order', params: {}, detail: '`order` is required.' },
        ]);
      }
      assert.equal((await books.get(path)).version, 1);
      const pnl: string[] = [];
      for (const order of ['oldest-first', 'newest-first']) {
        const other = await portfolio('lifo');
        await books.post(`${other}/trades`, {
          ...fill('buy', '5', '90'),
          externalId: 'first',
          time: TIME - 1,
        });
        const said = await send(other, ambiguous, `?order=${order}`);
        assert.deepEqual([said.status, said.body.order], [201, order]);
        pnl.push((await books.get(`${other}/pnl`)).realizedPnl.net);
        // Nothing is left to be put in order.
        const again = await send(other, ambiguous);
        assert.deepEqual([again.status, again.body.duplicates], [200, 3]);
      }
      assert.deepEqual(pnl, ['70', '60']);
    });

    it('are not guessed from sales that a holding may have covered', async () => {
      const text = own([fill('sell', '1', '120'), fill('buy', '1', '100')]);
      const empty = await portfolio();
      assert.equal((await send(empty, text, '?dryRun=true')).body.order, 'newest-first');
      const holding = await portfolio();
      await books.post(`${holding}/trades`, {
        ...fill('buy', '1', '90'),
        externalId: 'first',
        time: TIME - 1,
      });
      assert.equal((await send(holding, text, '?dryRun=true')).body.order, null);
      // Unless all files of the source run the same way.
      const asUpbit = upbit([fill('sell', '1', '120'), fill('buy', '1', '100')]);
      assert.equal((await send(holding, asUpbit, '?dryRun=true')).body.order, 'newest-first');
    });

    it('need not be told where it makes no difference', async () => {
      const path = await portfolio('average');
      const { status, body } = await send(path, own([fill('buy', '1', '120'), fill('buy', '1', '100')]));
      assert.deepEqual([status, body.order], [201, 'oldest-first']);
    });
  });

  it('keep their order over an export of any order that has the sequence', async () => {
    const path = await portfolio();
    await books.post(`${path}/trades`, { items: fillsOf(3, 14) });
    const expected = await figures(path);
    for (const query of ['', '&sort=value', '&order=asc']) {
      const columns = `${OWN},sequence`;
      const { body: text } = await app().call('GET', `${path}/trades.csv?columns=${columns}${query}`, {
        as: books.user(),
      });
      const other = await portfolio();
      assert.equal((await send(other, text)).status, 201);
      assert.deepEqual(await figures(other), expected, query);
      // And what a source sends again without it is the same fill.
      const [again] = fillsOf(3, 14);
      assert.equal((await books.call('POST', `${other}/trades`, again)).status, 200);
      assert.deepEqual((await send(path, text)).body.duplicates, 14);
    }
  });

  it('can be put in another order, and taken out of it', async () => {
    const path = await portfolio();
    const [buy, sell] = [
      {
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '1',
        price: '100',
        time: TIME,
        externalId: '1',
        sequence: 5,
      },
      {
        symbol: 'BTC/KRW',
        side: 'sell',
        quantity: '1',
        price: '120',
        time: TIME,
        externalId: '2',
        sequence: 4,
      },
    ];
    const first = await books.post(`${path}/trades`, buy);
    assert.equal(first.sequence, 5);
    const second = await books.post(`${path}/trades`, sell);
    assert.equal((await figures(path)).oversold, 1);
    const patch = (change: object): Promise<Answer> =>
      books.call('PATCH', `${path}/trades/${second.id}`, change);
    assert.equal((await patch({ sequence: 6 })).body.sequence, 6);
    assert.deepEqual([(await figures(path)).oversold, (await figures(path)).realizedPnl.net], [0, '20']);
    const none = await patch({ sequence: null });
    assert.deepEqual([none.status, none.body.sequence], [200, undefined]);
    // As it was first sent, and without its sequence: the same. With another one: not.
    assert.equal((await books.call('POST', `${path}/trades`, sell)).status, 200);
    const { sequence: _, ...rest } = buy;
    assert.equal((await books.call('POST', `${path}/trades`, rest)).status, 200);
    assertProblem(await books.call('POST', `${path}/trades`, { ...buy, sequence: 7 }), 409, 'trade-conflict');
    for (const sequence of [-1, 1.5, '1', 2 ** 53]) {
      assertProblem(await books.call('POST', `${path}/trades`, { ...buy, sequence }), 400, 'invalid-request');
    }
  });
});
