import assert from 'node:assert/strict';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const at = (day: number, hour = 0): string => new Date(Date.UTC(2026, 2, day, hour)).toISOString();

interface Side {
  id: string;
}
interface Match {
  id: string;
  sure: boolean;
  reason: string;
  withdrawal: Side;
  deposit: Side;
}

eachApp('matches of withdrawals with deposits', (app) => {
  const { call, get, post, portfolio, closes } = bookkeeper(app);
  before(() => closes({ 'ETH/KRW': { '2026-03-01': '120' } }));
  // Matches are looked for in all portfolios of the user.
  afterEach(async () => {
    const { items } = await get('/v1/portfolios');
    for (const { id } of items) assert.equal((await call('DELETE', `/v1/portfolios/${id}`)).status, 204);
  });

  /** A portfolio that has bought 100 ETH; and what else is booked, by its place. */
  async function opened(entries: object[], settings: object = {}): Promise<{ path: string; ids: string[] }> {
    const path = await portfolio(settings);
    const { items } = await post(`${path}/entries`, {
      items: [
        { kind: 'trade', symbol: 'ETH/KRW', side: 'buy', quantity: '100', price: '90', time: at(1) },
        ...entries,
      ],
    });
    return { path, ids: items.slice(1).map(({ entry }: { entry: Side }) => entry.id) };
  }

  function out(quantity: string, time: string, more: object = {}): object {
    return { kind: 'withdrawal', asset: 'ETH', account: 'upbit', quantity, time, ...more };
  }

  function into(quantity: string, time: string, more: object = {}): object {
    return { kind: 'deposit', asset: 'ETH', account: 'wallet', quantity, time, ...more };
  }

  async function told(path: string): Promise<string[]> {
    const { items } = await get(`${path}/transfers/matches`);
    return items.map(
      ({ reason, sure, withdrawal, deposit }: Match & { withdrawal: { quantity: string } }) =>
        `${reason}${sure ? '!' : ''} ${[withdrawal, deposit].map((side) => 'quantity' in side && side.quantity).join(' ')}`,
    );
  }

  it('are listed with what speaks for them, the newest withdrawal first', async () => {
    const { path, ids } = await opened([
      out('3', at(3), { txid: '0xa' }),
      into('2.9', at(20), { txid: '0xa' }),
      out('2', at(5)),
      into('2', at(5, 1)),
      out('7', at(9)),
      into('6.9', at(9, 1)),
      { kind: 'withdrawal', asset: 'KRW', quantity: '5', time: at(4) },
      { kind: 'deposit', asset: 'KRW', quantity: '5', time: at(4, 1) },
    ]);
    const list = await get(`${path}/transfers/matches`);
    assert.equal(list.complete, true);
    assert.deepEqual(await told(path), ['quantity-less-fee 7 6.9', 'quantity! 2 2', 'txid! 3 2.9']);
    assert.deepEqual(list.items[2], {
      id: `${ids[0]}.${ids[1]}`,
      sure: true,
      reason: 'txid',
      asset: 'ETH',
      withdrawal: {
        id: ids[0],
        portfolioId: path.split('/').at(-1),
        time: at(3),
        quantity: '3',
        account: 'upbit',
        exchange: null,
        txid: '0xa',
      },
      deposit: {
        id: ids[1],
        portfolioId: path.split('/').at(-1),
        time: at(20),
        quantity: '2.9',
        account: 'wallet',
        exchange: null,
        txid: '0xa',
      },
      fee: '0.1',
      candidates: { deposits: 1, withdrawals: 1 },
    });
  });

  it('are listed by pages, none twice and none left out', async () => {
    const { path } = await opened([
      ...[3, 3, 4].map((day) => out('1', at(day))),
      ...[4, 5, 5].map((day) => into('1', at(day))),
    ]);
    const all: Match[] = (await get(`${path}/transfers/matches`)).items;
    assert.equal(all.length, 9);
    const seen: Match[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await get(`${path}/transfers/matches?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    assert.deepEqual(seen, all);
    assertProblem(await call('GET', `${path}/transfers/matches?cursor=x`), 400, 'invalid-cursor');
  });

  it('are accepted once, which joins the two, and parting them restates every figure back', async () => {
    for (const costMethod of ['average', 'fifo', 'lifo', 'hifo']) {
      const { path, ids } = await opened([out('3', at(3)), into('3', at(3, 1))], { costMethod });
      const figures = async (): Promise<object> => {
        const { position: _, asOf: __, ...pnl } = await get(`${path}/pnl`);
        return { pnl, lots: (await get(`${path}/lots`)).items };
      };
      const apart = await figures();
      const match = `${path}/transfers/matches/${ids[0]}.${ids[1]}`;
      assert.equal((await call('POST', `${match}/accept`)).status, 204);
      const joined = await figures();
      assert.notDeepEqual(joined, apart);
      assert.equal((await call('POST', `${match}/accept`)).status, 204);
      assert.deepEqual(await figures(), joined, 'the second time changes nothing');
      assert.equal((await get(`${path}/entries/${ids[0]}`)).joinedWith, ids[1]);
      assert.deepEqual(await told(path), []);
      assert.equal((await call('DELETE', `${path}/entries/${ids[0]}/joined`)).status, 204);
      assert.deepEqual(await figures(), apart);
      assert.deepEqual(await told(path), ['quantity! 3 3'], 'it is offered again');
      assert.equal((await call('DELETE', path)).status, 204);
    }
  });

  it('are accepted once by many at the same time', async () => {
    const { path, ids } = await opened([out('3', at(3)), into('3', at(3, 1)), into('3', at(3, 2))]);
    const [withdrawal, ...deposits] = ids;
    const answers = await Promise.all(
      deposits.flatMap((deposit) =>
        [1, 2].map(() => call('POST', `${path}/transfers/matches/${withdrawal}.${deposit}/accept`)),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 204, 404, 404]);
  });

  it('are rejected for good, and what is left may be sure then', async () => {
    const { path, ids } = await opened([out('3', at(3)), into('3', at(3, 1)), into('3', at(3, 2))]);
    assert.deepEqual(await told(path), ['quantity 3 3', 'quantity 3 3']);
    const match = `${path}/transfers/matches/${ids[0]}.${ids[1]}`;
    for (let times = 0; times < 2; times += 1) {
      assert.equal((await call('POST', `${match}/reject`)).status, 204);
    }
    const { items } = await get(`${path}/transfers/matches`);
    assert.deepEqual(
      items.map(({ sure, deposit }: Match) => [sure, deposit.id]),
      [[true, ids[2]]],
    );
    assertProblem(await call('POST', `${match}/accept`), 404, 'not-found');
    const byHand = await call('PUT', `${path}/entries/${ids[0]}/joined`, { depositId: ids[1] });
    assert.equal(byHand.status, 204, 'a person may still join them');
    assert.equal((await call('DELETE', `${path}/entries/${ids[1]}`)).status, 204, 'nor is it kept by that');
  });

  it('are not offered for withdrawals that a person says have left for good', async () => {
    const { path, ids } = await opened([out('3', at(3)), into('3', at(3, 1))]);
    const confirmed = { kind: 'withdrawal', confirmed: true };
    assert.equal((await call('PATCH', `${path}/entries/${ids[0]}`, confirmed)).status, 200);
    assert.deepEqual(await told(path), []);
  });

  it('that are sure are accepted together, and no others', async () => {
    const { path, ids } = await opened([
      out('3', at(3)),
      into('3', at(3, 1)),
      out('4', at(3)),
      into('4', at(3, 1)),
      out('5', at(3)),
      into('5', at(3, 1)),
      into('5', at(3, 2)),
      out('6', at(3)),
      into('5.9', at(3, 2)),
    ]);
    const before = (await get(path)).version;
    const first = await call('POST', `${path}/transfers/matches/accept-sure`);
    assert.equal(first.status, 200);
    assert.deepEqual(first.body.accepted.sort(), [`${ids[0]}.${ids[1]}`, `${ids[2]}.${ids[3]}`].sort());
    assert.equal(first.body.remaining, 0);
    assert.equal((await get(`${path}/entries/${ids[1]}`)).joinedWith, ids[0]);
    const after = (await get(path)).version;
    assert.equal(after, before + 1, 'one change of the ledger');
    assert.equal((await told(path)).length, 3);
    const again = await call('POST', `${path}/transfers/matches/accept-sure`);
    assert.deepEqual(again.body, { accepted: [], remaining: 0 });
  });

  it('have one of their entries in the portfolio, and are told by their ids', async () => {
    const { path } = await opened([out('3', at(3))]);
    const other = await opened([into('2', at(4, 1), { account: 'a' }), out('2', at(4), { account: 'b' })]);
    assert.deepEqual(await told(path), []);
    assert.deepEqual(await told(other.path), ['quantity! 2 2']);
    const [deposit, withdrawal] = other.ids;
    for (const what of ['accept', 'reject']) {
      const foreign = await call('POST', `${path}/transfers/matches/${withdrawal}.${deposit}/${what}`);
      assertProblem(foreign, 404, 'not-found');
      const wrong = await call('POST', `${path}/transfers/matches/${withdrawal}/${what}`);
      assertProblem(wrong, 404, 'not-found');
    }
  });

  it('are found between portfolios of one owner, from either side, and accepted once', async () => {
    const { path, ids } = await opened([out('3', at(3)), out('5', at(6))]);
    const other = await opened([into('3', at(3, 1), { account: 'upbit' }), into('4.9', at(6, 1))]);
    const dollars = await opened([into('3', at(3, 1))], { baseCurrency: 'USD' });
    for (const side of [path, other.path]) {
      assert.deepEqual(await told(side), ['quantity-less-fee 5 4.9', 'quantity! 3 3']);
    }
    assert.deepEqual(await told(dollars.path), []);
    const sure = await call('POST', `${other.path}/transfers/matches/accept-sure`);
    assert.deepEqual(sure.body, { accepted: [`${ids[0]}.${other.ids[0]}`], remaining: 0 });
    const rejected = `${path}/transfers/matches/${ids[1]}.${other.ids[1]}`;
    assert.equal((await call('POST', `${rejected}/reject`)).status, 204);
    for (const side of [path, other.path]) assert.deepEqual(await told(side), []);
    const deposit = await get(`${other.path}/entries/${other.ids[0]}`);
    assert.deepEqual([deposit.joinedWith, deposit.joinedPortfolio], [ids[0], path.split('/').at(-1)]);
    const again = `${path}/transfers/matches/${ids[0]}.${other.ids[0]}/accept`;
    assert.equal((await call('POST', again)).status, 204, 'the second time changes nothing');
  });

  it('are not sure while an entry fits one of a third portfolio as well', async () => {
    const { path } = await opened([out('3', at(3))]);
    await opened([into('3', at(3, 1))]);
    await opened([into('3', at(3, 2))]);
    assert.deepEqual(await told(path), ['quantity 3 3', 'quantity 3 3']);
  });
});
