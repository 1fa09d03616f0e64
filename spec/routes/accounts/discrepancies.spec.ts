import assert from 'node:assert/strict';
import { fixed } from '../../../lib/money/money.ts';
import type { Answer } from '../../support/app.ts';
import { AccountApp, DAY, START } from '../../support/account-app.ts';
import { eventually } from '../../support/eventually.ts';
import { assertProblem } from '../../support/routes/problems.ts';

interface Proposal {
  id: string;
  cause: string;
  detail: string;
  books: { kind: string; subtype: string | null; asset: string; quantity: string; time: string } | null;
  removes: { id: string }[];
}

interface Discrepancy {
  id: string;
  accountId: string;
  asset: string;
  exchangeAmount: string;
  ledgerAmount: string;
  difference: string;
  differsSince: string;
  agreedAt: string | null;
  proposals: Proposal[];
}

describe('a balance that differs from the exchange', () => {
  const world = new AccountApp();

  before(() => world.start());
  after(() => world.stop());
  beforeEach(async () => {
    await world.renew();
    world.life();
  });
  afterEach(async () => {
    await world.call('DELETE', world.path);
  });

  async function discrepancies(): Promise<Discrepancy[]> {
    const { status, body } = await world.call('GET', `${world.path}/discrepancies`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.total, body.items.length);
    return body.items;
  }

  async function discrepancyOf(asset: string): Promise<Discrepancy> {
    return await eventually(
      async () => {
        // Balances that differ are compared again after some seconds.
        world.clock.shift += 1_000;
        return (await discrepancies()).find((each) => each.asset === asset);
      },
      `${asset} differing`,
      { everyMs: 200 },
    );
  }

  async function accept(id: string, proposal: string): Promise<Answer> {
    return await world.call('POST', `${world.path}/discrepancies/${id}/accept`, { proposal });
  }

  /** The exchange has `amount` more than its lists tell. */
  function unlisted(asset: string, amount: string): void {
    world.upbit.balances.set(asset, (world.upbit.balances.get(asset) ?? 0n) + fixed(amount));
  }

  function idsOf({ proposals }: Discrepancy): string[] {
    return proposals.map(({ id }) => id);
  }

  it('has proposals for what came in unlisted, of which one settles it, and can be undone', async () => {
    await world.connect();
    await world.reconciled(true);
    assert.deepEqual(await discrepancies(), []);
    unlisted('BTC', '0.002');
    await world.sync();
    const found = await discrepancyOf('BTC');
    assert.deepEqual(idsOf(found), [
      'reward-airdrop',
      'reward-staking',
      'reward-interest',
      'deposit',
      'correction',
    ]);
    assert.equal(found.difference, '0.002');
    const [, staking] = found.proposals;
    const agreedAt = Date.parse(found.agreedAt ?? '');
    assert.ok(agreedAt < Date.parse(found.differsSince));
    assert.deepEqual(staking?.books, {
      kind: 'reward',
      subtype: 'staking',
      asset: 'BTC',
      quantity: '0.002',
      time: new Date(agreedAt + 1).toISOString(),
    });
    assert.match(staking?.detail ?? '', /Upbit has paid 0\.002 BTC as a staking reward/);
    const { status, body } = await accept(found.id, 'reward-staking');
    assert.equal(status, 200, JSON.stringify(body));
    const { kind, subtype, quantity, account, exchange } = body.booked;
    assert.deepEqual(
      [kind, subtype, quantity, account, exchange, body.removed],
      ['reward', 'staking', '0.002', 'Upbit', 'upbit', []],
    );
    await world.reconciled(true, world.clock.now());
    assert.deepEqual(await discrepancies(), []);
    assert.deepEqual(await world.holdings(), world.truth());
    // Sent again, since the answer may have been lost.
    const again = await accept(found.id, 'reward-staking');
    assert.deepEqual([again.status, again.body.booked.id], [200, body.booked.id]);
    assertProblem(await accept(found.id, 'deposit'), 409, 'conflict');
    assert.deepEqual(await world.holdings(), world.truth());
    // Undone.
    assert.equal((await world.call('DELETE', `${world.path}/entries/${body.booked.id}`)).status, 204);
    await world.sync();
    const reopened = await discrepancyOf('BTC');
    assert.equal(reopened.difference, '0.002');
    assert.notEqual(reopened.id, found.id);
  });

  it('has proposals for what went out unlisted', async () => {
    await world.connect();
    await world.reconciled(true);
    unlisted('KRW', '-5000');
    await world.sync();
    const found = await discrepancyOf('KRW');
    assert.deepEqual(idsOf(found), ['withdrawal', 'fee', 'correction']);
    assert.equal(found.difference, '-5000');
    const { body } = await accept(found.id, 'fee');
    assert.deepEqual([body.booked.kind, body.booked.quantity], ['fee', '5000']);
    assert.equal(body.booked.time, found.differsSince);
    await world.reconciled(true, world.clock.now());
    assert.deepEqual(await world.holdings(), world.truth());
  });

  it('that never agreed may be an opening balance, from before the first entry', async () => {
    unlisted('BTC', '1.5');
    await world.connect();
    const found = await discrepancyOf('BTC');
    assert.equal(found.agreedAt, null);
    assert.equal(idsOf(found)[0], 'opening');
    const { body } = await accept(found.id, 'opening');
    assert.deepEqual([body.booked.kind, body.booked.subtype], ['adjustment', 'opening']);
    const { body: ledger } = await world.call('GET', `${world.path}/entries?order=asc&limit=1`);
    assert.equal(ledger.items[0].id, body.booked.id);
    await world.reconciled(true, world.clock.now());
    assert.deepEqual(await world.holdings(), world.truth());
  });

  it('is told where the portfolio is shown, and so is agreement', async () => {
    async function told(): Promise<unknown[]> {
      const { body: summary } = await world.call('GET', world.path);
      const { body: list } = await world.call('GET', '/v1/portfolios');
      const [listed] = list.items.filter(({ id }: { id: string }) => id === summary.id);
      assert.deepEqual([listed.reconciled, listed.reconciledAt], [summary.reconciled, summary.reconciledAt]);
      return [summary.reconciled, summary.reconciledAt];
    }
    assert.deepEqual(await told(), [null, null]);
    await world.connect();
    await world.reconciled(true);
    await pause();
    const [reconciled, at] = await told();
    assert.deepEqual([reconciled, at], [true, (await world.account()).reconciledAt]);
    unlisted('KRW', '-5000');
    await resume();
    await discrepancyOf('KRW');
    await pause();
    assert.equal((await told())[0], false);
    await world.call('DELETE', `${world.path}/accounts/${(await world.account()).id}`);
    assert.deepEqual(await told(), [null, null]);
  });

  async function pause(paused = true): Promise<void> {
    await world.call('PATCH', `${world.path}/accounts/${(await world.account()).id}`, { paused });
  }

  const resume = (): Promise<void> => pause(false);

  /** Books by hand what the account has booked, an hour later. */
  async function bookAgain(kind: string, count = 1): Promise<string[]> {
    const { body } = await world.call('GET', `${world.path}/entries?kind=${kind}&order=asc`);
    const items = body.items.slice(0, count).map((entry: Record<string, unknown>) => ({
      kind,
      exchange: 'upbit',
      time: new Date(Date.parse(String(entry['time'])) + 3_600_000).toISOString(),
      quantity: entry['quantity'],
      ...(kind === 'trade'
        ? { symbol: entry['symbol'], side: entry['side'], price: entry['price'], fee: entry['fee'] }
        : { asset: entry['asset'] }),
    }));
    const booked = await world.call('POST', `${world.path}/entries`, { items });
    assert.equal(booked.status, 201, JSON.stringify(booked.body));
    return booked.body.items.map(({ entry }: { entry: { id: string } }) => entry.id);
  }

  it('because an entry was booked by hand as well is settled by removing that one', async () => {
    await world.connect();
    await world.reconciled(true);
    const before = await world.holdings();
    const [id = ''] = await bookAgain('trade');
    await world.sync();
    const found = await discrepancyOf('BTC');
    await discrepancyOf('KRW');
    assert.deepEqual([found.difference, found.proposals[0]?.id], ['-0.05', `doubled-${id}`]);
    assert.deepEqual(
      found.proposals[0]?.removes.map((entry) => entry.id),
      [id],
    );
    const { status, body } = await accept(found.id, `doubled-${id}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body.booked, body.removed[0].id], [null, id]);
    await world.reconciled(true, world.clock.now());
    assert.deepEqual(await world.holdings(), before);
    assertProblem(await accept(found.id, `doubled-${id}`), 404, 'not-found');
  });

  it('because several were is settled by removing them together', async () => {
    await world.connect();
    await world.reconciled(true);
    const before = await world.holdings();
    const ids = await bookAgain('trade', 2);
    await world.sync();
    const found = await discrepancyOf('BTC');
    assert.deepEqual([found.difference, found.proposals[0]?.id], ['-0.04', 'doubled']);
    const { body } = await accept(found.id, 'doubled');
    assert.deepEqual(body.removed.map((entry: { id: string }) => entry.id).sort(), [...ids].sort());
    await world.reconciled(true, world.clock.now());
    assert.deepEqual(await world.holdings(), before);
  });

  it('is not settled on the word of an older comparison', async () => {
    await world.connect();
    await world.reconciled(true);
    unlisted('KRW', '-5000');
    await world.sync();
    const found = await discrepancyOf('KRW');
    const entry = {
      kind: 'withdrawal',
      asset: 'KRW',
      quantity: '5000',
      account: 'Upbit',
      time: new Date(START + 50 * DAY).toISOString(),
    };
    // Paused: nothing compares in between.
    const { id } = await world.account();
    await world.call('PATCH', `${world.path}/accounts/${id}`, { paused: true });
    assert.equal((await world.call('POST', `${world.path}/entries`, entry)).status, 201);
    assertProblem(await accept(found.id, 'fee'), 409, 'conflict');
    const now = world.clock.now();
    await world.call('PATCH', `${world.path}/accounts/${id}`, { paused: false });
    await world.reconciled(true, now);
    assert.deepEqual(await discrepancies(), []);
  });

  it('is settled by nobody who may only read', async () => {
    unlisted('DOGE', '5');
    await world.connect();
    const found = await discrepancyOf('DOGE');
    const path = `${world.path}/discrepancies/${found.id}/accept`;
    const refused = await world.app.call('POST', path, {
      as: world.viewer,
      body: { proposal: 'correction' },
    });
    assertProblem(refused, 403, 'forbidden');
    assertProblem(await accept(found.id, 'nothing'), 404, 'not-found');
    assertProblem(
      await world.call('POST', `${world.path}/discrepancies/DOGE/accept`, { proposal: 'correction' }),
      404,
      'not-found',
    );
  });
});
