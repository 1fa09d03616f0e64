import assert from 'node:assert/strict';
import { AccountApp, DAY, START } from '../../support/account-app.ts';

const time = (day: number): string => new Date(START + day * DAY).toISOString();

describe('a balance of an asset that was renamed or redenominated', () => {
  const world = new AccountApp();

  before(() => world.start());
  after(() => world.stop());
  beforeEach(async () => {
    await world.renew();
    world.upbit.move('deposit', 'KRW', { amount: '10000000', at: START + DAY });
    world.upbit.trade('KRW-OLD', 'bid', { price: '100', volume: '3000', at: START + 2 * DAY });
  });
  afterEach(async () => {
    await world.call('DELETE', world.path);
  });

  async function book(entry: object): Promise<void> {
    const { status, body } = await world.call('POST', `${world.path}/entries`, entry);
    assert.equal(status, 201, JSON.stringify(body));
  }

  /** What the exchange has of one asset becomes another one. */
  function become(from: string, to: string, share: bigint): void {
    const before = world.upbit.balances.get(from) ?? 0n;
    world.upbit.balances.set(from, 0n);
    world.upbit.balances.set(to, before / share);
  }

  it('agrees with the exchange once the change is booked', async () => {
    become('OLD', 'NEW', 1n);
    world.upbit.trade('KRW-NEW', 'ask', { price: '110', volume: '1000', at: START + 20 * DAY });
    await world.connect();
    await world.reconciled(false);
    await book({ kind: 'rename', asset: 'OLD', toAsset: 'NEW', time: time(10) });
    const since = world.clock.now();
    await world.sync();
    await world.reconciled(true, since);
    assert.deepEqual(await world.holdings(), world.truth());
  });

  it('is counted in other units from the change on, and not before', async () => {
    become('OLD', 'OLD', 1_000n);
    world.upbit.trade('KRW-OLD', 'bid', { price: '100000', volume: '2', at: START + 20 * DAY });
    await world.connect();
    await world.reconciled(false);
    await book({ kind: 'redenomination', asset: 'OLD', ratio: { from: '1000', to: '1' }, time: time(10) });
    const since = world.clock.now();
    await world.sync();
    await world.reconciled(true, since);
    assert.deepEqual(await world.holdings(), world.truth());
  });

  it('is left alone by a change that was made elsewhere', async () => {
    await world.connect();
    await world.reconciled(true);
    await book({ kind: 'rename', asset: 'OLD', toAsset: 'NEW', account: 'Elsewhere', time: time(10) });
    const since = world.clock.now();
    await world.sync();
    await world.reconciled(true, since);
  });
});
