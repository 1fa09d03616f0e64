import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { StreamClient } from '../../support/stream-client.ts';
import { bookkeeper, sum, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const at = (day: number, hour = 0): string => new Date(Date.UTC(2026, 2, day, hour)).toISOString();
const idOf = (path: string): string => path.split('/').at(-1) ?? '';

interface Joined {
  a: string;
  b: string;
  withdrawal: string;
  deposit: string;
}

eachApp('own transfers between two portfolios', (app) => {
  const { user, call, get, post, portfolio, price, closes } = bookkeeper(app);
  before(async () => {
    await closes({ 'ETH/KRW': { '2026-03-01': '120', '2026-03-05': '150' } });
    await price({ 'ETH/KRW': '200' });
  });

  /** Three units go from one portfolio, which has bought four in two lots, to another; 2.9 arrive. */
  async function opened(settings: object = {}): Promise<Joined> {
    const [a, b] = [await portfolio(settings), await portfolio(settings)];
    const { items } = await post(`${a}/entries`, {
      items: [
        { kind: 'deposit', asset: 'KRW', quantity: '10000', time: at(1) },
        { kind: 'trade', symbol: 'ETH/KRW', side: 'buy', quantity: '2', price: '90', time: at(2) },
        { kind: 'trade', symbol: 'ETH/KRW', side: 'buy', quantity: '2', price: '110', time: at(3) },
        { kind: 'withdrawal', asset: 'ETH', quantity: '3', time: at(4) },
      ],
    });
    const deposit = await post(`${b}/entries`, {
      kind: 'deposit',
      asset: 'ETH',
      quantity: '2.9',
      time: at(5),
    });
    return { a, b, withdrawal: items[3].entry.id, deposit: deposit.id };
  }

  async function join({ a, b, withdrawal, deposit }: Joined): Promise<void> {
    const body = { depositId: deposit, portfolioId: idOf(b) };
    assert.equal((await call('PUT', `${a}/entries/${withdrawal}/joined`, body)).status, 204);
  }

  it('keep lots, dates and cost, realise nothing but the fee, and add up in both', async () => {
    for (const costMethod of ['average', 'fifo', 'lifo', 'hifo']) {
      const joined = await opened({ costMethod });
      const { a, b, withdrawal, deposit } = joined;
      const apart = await Promise.all([a, b].map(async (path) => (await get(`${path}/lots`)).items));
      await join(joined);
      const [from, to] = [await get(`${a}/pnl`), await get(`${b}/pnl`)];
      for (const { totalPnl, realizedPnl, unrealizedPnl, income, transferredPnl } of [from, to]) {
        assert.equal(sum([totalPnl]), sum([realizedPnl.net, unrealizedPnl, income, transferredPnl]));
      }
      assert.equal(sum([from.transferredPnl, to.transferredPnl]), 0n);
      // 2.9 at 120: the price when they left.
      assert.deepEqual([from.netContributions, to.netContributions], ['9652', '348']);
      const fee = { average: '10', fifo: '9', lifo: '11', hifo: '11' }[costMethod];
      assert.deepEqual([from.fees, to.fees, to.realizedPnl.net], [fee, '0', '0']);
      assert.equal(sum([from.equity, to.equity]), units('10000') - units('400') + (units('200') * 39n) / 10n);
      const { items: lots } = await get(`${b}/lots?costMethod=fifo`);
      assert.deepEqual(
        lots.map(({ time, quantity, costBasis }: Record<string, string>) => [time, quantity, costBasis]),
        [
          [at(2), '1.9', '171'],
          [at(3), '1', '110'],
        ],
      );
      const [explained] = (await get(`${b}/pnl/explain?asset=ETH`)).items;
      assert.deepEqual(
        explained.acquisitions.map(({ reason, quantity, cost }: Record<string, string>) => [
          reason,
          quantity,
          cost,
        ]),
        [['transfer', '2.9', to.costBasis]],
      );
      const [left] = (await get(`${a}/pnl/explain?asset=ETH`)).items;
      const [paid, sent] = left.disposals;
      assert.deepEqual([paid.reason, sent.reason, sent.realizedPnl.net], ['fee', 'transfer', '0']);
      assert.deepEqual([sent.proceeds.net, sent.costBasis], ['348', to.costBasis]);
      const { items: periods } = await get(`${a}/pnl/periods?interval=month&from=2026-03-01&to=2026-04-01`);
      assert.equal(periods[0].transferredPnl, from.transferredPnl);
      const periodSum = sum([
        periods[0].realizedPnl.net,
        periods[0].unrealizedChange,
        periods[0].income,
        periods[0].transferredPnl,
      ]);
      assert.equal(units(periods[0].pnl), periodSum);
      const entry = await get(`${a}/entries/${withdrawal}`);
      assert.deepEqual([entry.joinedWith, entry.joinedPortfolio], [deposit, idOf(b)]);
      assert.equal((await call('DELETE', `${b}/entries/${deposit}/joined`)).status, 204);
      assert.deepEqual(
        await Promise.all([a, b].map(async (path) => (await get(`${path}/lots`)).items)),
        apart,
      );
    }
  });

  it('tell both streams, and the other one again when the past of the first changes', async () => {
    const joined = await opened();
    const { a, b, deposit } = joined;
    const stream = new StreamClient(
      `${app().url}/v1/streams?channels=ledger:${idOf(a)},ledger:${idOf(b)},pnl:${idOf(b)}`,
      { headers: { authorization: user().authorization } },
    );
    await stream.ready();
    await join(joined);
    const told = () => stream.of('ledger').map(({ data }) => `${data.subject} ${data.change ?? ''}`);
    await stream.until(() => told().length === 2, 'both are told');
    assert.deepEqual(told(), ['transfer changed', 'transfer changed']);
    await post(`${a}/trades`, { symbol: 'ETH/KRW', side: 'buy', quantity: '4', price: '10', time: at(1, 5) });
    await stream.until(() => told().length === 4, 'the trade, and what follows from it');
    const valuation = stream.of('ledger').find(({ data }) => data.subject === 'valuation');
    assert.deepEqual(valuation?.data.entries, [deposit]);
    const { costBasis } = await get(`${b}/pnl`);
    await stream.until(
      () => stream.of('pnl').at(-1)?.data.costBasis === costBasis,
      'the figures of the other one are pushed',
    );
    stream.cut();
  });

  it('belong to those who may change both portfolios', async () => {
    const joined = await opened();
    const { a, b, withdrawal, deposit } = joined;
    const friend = await app().user();
    const share = async (path: string, access: string): Promise<void> => {
      const body = { userId: friend.id, access };
      assert.equal((await call('PUT', `${path}/shares`, body)).status, 200);
      // Of a share that is known the access alone changes.
      await app().call('POST', `/v1/invitations/${idOf(path)}/accept`, { as: friend });
    };
    const put = async (body: object) =>
      await app().call('PUT', `${a}/entries/${withdrawal}/joined`, { as: friend, body });
    const body = { depositId: deposit, portfolioId: idOf(b) };
    assertProblem(await put(body), 404, 'not-found');
    await share(a, 'write');
    assertProblem(await put(body), 404, 'not-found');
    const matches = async () =>
      (await app().call('GET', `${a}/transfers/matches`, { as: friend })).body.items.map(
        ({ id }: { id: string }) => id,
      );
    const match = `${withdrawal}.${deposit}`;
    const accept = async () =>
      await app().call('POST', `${a}/transfers/matches/${match}/accept`, { as: friend });
    assert.deepEqual(await matches(), []);
    assertProblem(await accept(), 404, 'not-found');
    await share(b, 'read');
    assertProblem(await put(body), 403, 'forbidden');
    assert.deepEqual(await matches(), [match]);
    assertProblem(await accept(), 403, 'forbidden');
    await share(b, 'write');
    assert.equal((await put(body)).status, 204);
    await share(b, 'read');
    const parting = await app().call('DELETE', `${a}/entries/${withdrawal}/joined`, { as: friend });
    assertProblem(parting, 403, 'forbidden');
  });

  it('are external flows again when the other portfolio is deleted', async () => {
    const joined = await opened();
    await join(joined);
    assert.equal((await call('DELETE', joined.a)).status, 204);
    const pnl = await get(`${joined.b}/pnl`);
    assert.deepEqual([pnl.transferredPnl, pnl.netContributions, pnl.costBasis], ['0', '348', '348']);
    const entry = await get(`${joined.b}/entries/${joined.deposit}`);
    assert.deepEqual([entry.joinedWith, entry.joinedPortfolio], [null, null]);
  });

  it('are asked for while a withdrawal is neither joined nor confirmed', async () => {
    const joined = await opened();
    const warned = async (): Promise<unknown[]> =>
      (await get(`${joined.a}/pnl`)).warnings
        .filter(({ code }: { code: string }) => code === 'unmatched-withdrawal')
        .map(({ asset, entries, count }: Record<string, unknown>) => [asset, entries, count]);
    const { withdrawal } = joined;
    assert.deepEqual(await warned(), [['ETH', [withdrawal], 1]]);
    await join(joined);
    assert.deepEqual(await warned(), []);
    await call('DELETE', `${joined.a}/entries/${withdrawal}/joined`);
    assert.equal((await warned()).length, 1);
    const confirm = async (confirmed: boolean): Promise<void> => {
      const change = { kind: 'withdrawal', confirmed };
      const { status, body } = await call('PATCH', `${joined.a}/entries/${withdrawal}`, change);
      assert.deepEqual([status, body.confirmed], [200, confirmed]);
    };
    await confirm(true);
    assert.deepEqual(await warned(), []);
    await confirm(false);
    assert.equal((await warned()).length, 1);
    const gift = { kind: 'withdrawal', asset: 'ETH', quantity: '0.1', time: at(6), confirmed: true };
    assert.equal((await post(`${joined.a}/entries`, gift)).confirmed, true);
    assert.equal((await warned()).length, 1, 'of the one alone');
    await post(`${joined.a}/entries`, { kind: 'withdrawal', asset: 'KRW', quantity: '1', time: at(6) });
    assert.equal((await warned()).length, 1, 'money goes to a bank');
  });

  it('know a fee that is stated: it leaves at cost, joined or not, and does not count as taken out', async () => {
    const [a, b] = [await portfolio(), await portfolio()];
    await post(`${a}/entries`, {
      items: [
        { kind: 'deposit', asset: 'KRW', quantity: '10000', time: at(1) },
        { kind: 'trade', symbol: 'ETH/KRW', side: 'buy', quantity: '4', price: '100', time: at(2) },
      ],
    });
    const sent = {
      kind: 'withdrawal',
      asset: 'ETH',
      quantity: '3',
      networkFee: '0.5',
      txid: '0x1',
      time: at(4),
    };
    const withdrawal = await post(`${a}/entries`, sent);
    const figures = async () => {
      const { fees, realizedPnl, netContributions, transferredPnl } = await get(`${a}/pnl`);
      return [fees, realizedPnl.net, netContributions, transferredPnl];
    };
    // 2.5 left at 120 and had cost 100; the fee had cost 50.
    assert.deepEqual(await figures(), ['50', '0', '9700', '0']);
    const noted = await call('PATCH', `${a}/transfers/${withdrawal.id}`, { note: 'to the wallet' });
    assert.equal(noted.status, 200);
    const kept = await get(`${a}/entries/${withdrawal.id}`);
    assert.deepEqual([kept.networkFee, kept.txid, kept.note], ['0.5', '0x1', 'to the wallet']);
    assert.deepEqual(await figures(), ['50', '0', '9700', '0']);

    const elsewhere = { kind: 'deposit', asset: 'ETH', account: 'wallet', time: at(4, 1) };
    const gross = await post(`${b}/entries`, { ...elsewhere, quantity: '3' });
    assert.deepEqual((await get(`${a}/transfers/matches`)).items, [], 'more than has left');
    const tooMuch = { depositId: gross.id, portfolioId: idOf(b) };
    assertProblem(await call('PUT', `${a}/entries/${withdrawal.id}/joined`, tooMuch), 409, 'conflict');
    const deposit = await post(`${b}/entries`, { ...elsewhere, quantity: '2.5' });
    const { items } = await get(`${a}/transfers/matches`);
    assert.deepEqual(
      items.map(({ reason, sure, fee }: Record<string, unknown>) => [reason, sure, fee]),
      [['quantity', true, '0.5']],
    );
    assert.equal((await call('POST', `${a}/transfers/matches/${items[0].id}/accept`)).status, 204);
    assert.deepEqual(await figures(), ['50', '-50', '9700', '50']);
    assert.equal((await get(`${b}/pnl`)).costBasis, '610');
    const wrong = await call('PATCH', `${a}/entries/${withdrawal.id}`, {
      kind: 'withdrawal',
      networkFee: null,
    });
    assertProblem(wrong, 422, 'unprocessable-entry');
    assert.equal((await call('DELETE', `${b}/entries/${deposit.id}`)).status, 204);
    assert.deepEqual(await figures(), ['50', '0', '9700', '0']);
  });

  it('know the fee that a file of an exchange states', async () => {
    const path = await portfolio();
    const response = await fetch(`${app().url}${path}/trades/import`, {
      method: 'POST',
      headers: { authorization: user().authorization, 'content-type': 'text/csv' },
      body: await readFile('spec/fixtures/layouts/upbit-trades.csv'),
    });
    assert.equal(response.status, 201, await response.text());
    const { items } = await get(`${path}/entries?kind=withdrawal`);
    assert.deepEqual(
      items.map(({ asset, quantity, networkFee }: Record<string, string>) => [asset, quantity, networkFee]),
      [
        ['KRW', '301000', '1000'],
        ['XRP', '100.4', '0.4'],
      ],
    );
  });
});
