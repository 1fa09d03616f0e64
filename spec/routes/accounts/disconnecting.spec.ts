import assert from 'node:assert/strict';
import { AccountTakenError } from '../../../db/accounts/account-taken.ts';
import { findAccount } from '../../../db/accounts/accounts.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { bookAccountPage } from '../../../routes/accounts/account-booking.ts';
import { AccountApp, DAY, START } from '../../support/account-app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { assertProblem } from '../../support/routes/problems.ts';

/** An entry that a person has booked, where the account is. */
const OWN = {
  kind: 'reward',
  subtype: 'airdrop',
  asset: 'XRP',
  quantity: '7',
  account: 'Upbit',
  time: new Date(START + 35 * DAY).toISOString(),
};

describe('an account that is disconnected', () => {
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

  async function disconnect(query: string): Promise<void> {
    const { id } = await world.account();
    const { status, body } = await world.call('DELETE', `${world.path}/accounts/${id}${query}`);
    assert.equal(status, 204, JSON.stringify(body));
  }

  async function entries(): Promise<{ kind: string; asset: string; joinedWith?: string | null }[]> {
    return (await world.call('GET', `${world.path}/entries?limit=100`)).body.items;
  }

  it('leaves its entries unless it is told otherwise', async () => {
    await world.connect();
    await world.reconciled(true);
    const before = await entries();
    await disconnect('');
    assert.deepEqual(await entries(), before);
    await world.connect();
    await world.reconciled(true);
    await disconnect('?entries=keep');
    assert.deepEqual(await entries(), before);
  });

  it('takes everything with it that it has booked, and nothing else, and can be connected again', async () => {
    await world.connect();
    await world.reconciled(true);
    const { body: own } = await world.call('POST', `${world.path}/entries`, OWN);
    const { body: deposit } = await world.call('POST', `${world.path}/entries`, {
      kind: 'deposit',
      asset: 'BTC',
      quantity: '0.005',
      account: 'wallet',
      time: new Date(START + 40 * DAY + 600_000).toISOString(),
    });
    const { body: withdrawals } = await world.call('GET', `${world.path}/entries?kind=withdrawal&asset=BTC`);
    const joined = await world.call('PUT', `${world.path}/entries/${withdrawals.items[0].id}/joined`, {
      depositId: deposit.id,
    });
    assert.ok(joined.status < 300, JSON.stringify(joined.body));
    const portfolioId = world.path.split('/').at(-1) ?? '';
    const stream = new StreamClient(`${world.app.url}/v1/streams?channels=ledger:${portfolioId}`, {
      headers: { authorization: world.owner.authorization },
    });
    await stream.ready();
    const before = await world.holdings();
    assert.equal(before['XRP'], '7');
    await disconnect('?entries=remove');
    await stream.until(() => stream.events.filter(({ data }) => data.change === 'removed').length === 5);
    stream.cut();
    const left = await entries();
    assert.deepEqual(
      left.map(({ kind, asset }) => [kind, asset]),
      [
        ['deposit', 'BTC'],
        [own.kind, 'XRP'],
      ],
    );
    assert.equal(left[0]?.joinedWith, null);
    assert.deepEqual(await world.holdings(), { BTC: '0.005', XRP: '7' });
    const { body: accounts } = await world.call('GET', `${world.path}/accounts`);
    assert.deepEqual(accounts.items, []);
    await world.call('DELETE', `${world.path}/entries/${own.id}`);
    await world.call('DELETE', `${world.path}/entries/${deposit.id}`);
    await world.connect();
    await world.reconciled(true);
    assert.deepEqual(await world.holdings(), world.truth());
    assert.equal((await entries()).length, 5);
  });

  it('tells in one event that very many entries have gone', async () => {
    for (let n = 0; n < 600; n += 1) {
      const at = START + 3 * DAY + n * 60_000;
      world.upbit.trade('KRW-BTC', n % 2 === 0 ? 'bid' : 'ask', { price: '60000000', volume: '0.0001', at });
    }
    await world.connect();
    await world.reconciled(true);
    const { id } = await world.account();
    const portfolioId = world.path.split('/').at(-1) ?? '';
    const stream = new StreamClient(
      `${world.app.url}/v1/streams?channels=ledger:${portfolioId},fills:${portfolioId}`,
      { headers: { authorization: world.owner.authorization } },
    );
    await stream.ready();
    await disconnect('?entries=remove');
    await stream.until(() => stream.events.filter(({ data }) => data.accountId === id).length === 2);
    stream.cut();
    const [ledger] = stream.events.filter(({ event }) => event === 'ledger');
    assert.deepEqual(
      [ledger?.data.subject, ledger?.data.change, ledger?.data.count],
      ['account', 'disconnected', 605],
    );
    assert.deepEqual(await world.holdings(), {});
    assert.deepEqual(await entries(), []);
  });

  it('books nothing any more, were a page of it on its way', async () => {
    await world.connect();
    await world.reconciled(true);
    const { services } = world.app;
    const portfolioId = world.path.split('/').at(-1) ?? '';
    const account = await findAccount(services.db, portfolioId, (await world.account()).id);
    assert.ok(account !== null);
    await disconnect('?entries=remove');
    const late: RawEntry = {
      kind: 'deposit',
      exchange: 'upbit',
      externalId: 'late',
      asset: 'KRW',
      quantity: '1',
      time: START,
    };
    await assert.rejects(bookAccountPage(services, account, [late]), AccountTakenError);
    assert.deepEqual(await entries(), []);
  });

  it('is not, on an answer that nobody has given', async () => {
    await world.connect();
    const { id } = await world.account();
    assertProblem(
      await world.call('DELETE', `${world.path}/accounts/${id}?entries=some`),
      400,
      'invalid-request',
    );
    assert.equal((await world.account()).id, id);
  });
});
