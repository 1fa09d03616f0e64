import assert from 'node:assert/strict';
import { AccountApp, DAY, START } from '../../support/account-app.ts';
import type { Answer } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { assertProblem } from '../../support/routes/problems.ts';
import { StreamClient } from '../../support/stream-client.ts';

function hasFill({ events }: StreamClient, quantity: string): boolean {
  return events.some(({ event, data }) => event === 'fill' && data.trade.quantity === quantity);
}

describe('an account at Upbit', () => {
  const world = new AccountApp();
  const { upbit, clock } = world;

  before(() => world.start({ ACCOUNTS_PER_PORTFOLIO: '2' }));
  after(() => world.stop());
  beforeEach(() => world.renew());
  afterEach(async () => {
    await world.call('DELETE', world.path);
  });

  function life(): void {
    upbit.move('deposit', 'KRW', { amount: '10000000', at: START + DAY });
    upbit.trade('KRW-BTC', 'bid', { price: '60000000', volume: '0.05', at: START + 2 * DAY });
    const slow = upbit.order('KRW-XRP', 'bid', START + 3 * DAY);
    upbit.fill(slow, { price: '702.5', volume: '100.12345678', at: START + 9 * DAY });
    upbit.fill(slow, { price: '702.4', volume: '10.5', at: START + 20 * DAY });
    upbit.close(slow, 'cancel');
    upbit.trade('KRW-BTC', 'ask', { price: '61000000', volume: '0.01', at: START + 30 * DAY });
    upbit.move('withdraw', 'XRP', { amount: '50', fee: '0.4', at: START + 40 * DAY });
    upbit.move('withdraw', 'KRW', { amount: '300000', fee: '1000', at: START + 41 * DAY });
    upbit.move('deposit', 'XRP', { amount: '5', at: START + 42 * DAY, state: 'CANCELLED' });
  }

  it('is read from its first day, and comes to what the exchange says', async () => {
    life();
    const { status, body } = await world.connect();
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.keyExpiresAt, '2027-05-31T15:00:00.000Z');
    await world.reconciled(true);
    assert.deepEqual(await world.holdings(), world.truth());
    const { body: proof } = await world.call('GET', `${world.path}/accounts/${body.id}/reconciliation`);
    assert.deepEqual(
      proof.balances.map(({ asset, status: how, difference }: Record<string, string>) => [
        asset,
        how,
        difference,
      ]),
      [
        ['BTC', 'agreed', '0'],
        ['KRW', 'agreed', '0'],
        ['XRP', 'agreed', '0'],
      ],
    );
  });

  it('is kept up to date, and streams what it does', async () => {
    life();
    await world.connect();
    await world.reconciled(true);
    const id = world.path.split('/').at(-1) ?? '';
    const stream = new StreamClient(`${world.app.url}/v1/streams?channels=accounts:${id},fills:${id}`, {
      headers: { authorization: world.owner.authorization },
    });
    // What is booked before it is ready is not new to it.
    await stream.until(() => stream.events.some(({ event }) => event === 'ready'));
    const order = upbit.order('KRW-BTC', 'bid', clock.now());
    upbit.fill(order, { price: '62000000', volume: '0.001', at: clock.now() });
    await world.sync();
    await stream.until(() => hasFill(stream, '0.001'));
    upbit.fill(order, { price: '62100000', volume: '0.002', at: clock.now() });
    upbit.close(order);
    await world.sync();
    await stream.until(() => hasFill(stream, '0.002'));
    await stream.until(() =>
      stream.events.some(({ event, data }) => event === 'accounts' && data.items[0].phase === 'current'),
    );
    stream.cut();
    await world.reconciled(true, clock.now());
    assert.deepEqual(await world.holdings(), world.truth());
  });

  it('doubles nothing that a file has brought, and is not doubled by one', async () => {
    life();
    await world.connect();
    await world.reconciled(true);
    const { body: before } = await world.call('GET', `${world.path}/entries?limit=100`);
    const seoul = (at: number) => new Date(at + 9 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    const file = [
      '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간',
      `${seoul(START + 30 * DAY + 1_000)},BTC,KRW,매도,0.01,61000000,610000,305,609695,${seoul(START + 30 * DAY)}`,
      `${seoul(START + 2 * DAY + 1_000)},BTC,KRW,매수,0.05,60000000,3000000,1500,3001500,${seoul(START + 2 * DAY)}`,
    ].join('\n');
    const imported = await fetch(`${world.app.url}${world.path}/trades/import`, {
      method: 'POST',
      headers: { authorization: world.owner.authorization, 'content-type': 'text/csv' },
      body: file,
    });
    const report = (await imported.json()) as { accepted: number; duplicates: number };
    assert.deepEqual([report.accepted, report.duplicates], [0, 2]);
    // The other way round: the file first.
    await world.call('DELETE', world.path);
    await world.newPortfolio();
    await fetch(`${world.app.url}${world.path}/trades/import`, {
      method: 'POST',
      headers: { authorization: world.owner.authorization, 'content-type': 'text/csv' },
      body: file,
    });
    await world.connect();
    await world.reconciled(true);
    const { body: after } = await world.call('GET', `${world.path}/entries?limit=100`);
    assert.equal(after.items.length, before.items.length);
    assert.deepEqual(await world.holdings(), world.truth());
  });

  it('says what went wrong, waits, and goes on', async () => {
    life();
    await world.connect();
    await world.reconciled(true);
    upbit.refuse = () => ({ status: 503, body: '<html>503 Service Temporarily Unavailable</html>' });
    await world.sync();
    const failing = await eventually(async () => {
      const now = await world.account();
      return now.phase === 'failing' && now;
    }, 'failing');
    assert.equal(failing.failure?.code, 'maintenance');
    assert.equal(failing.failure?.detail, 'Upbit is under maintenance. The server tries again by itself.');
    upbit.refuse = () => null;
    const since = clock.now();
    await world.sync();
    await world.reconciled(true, since);
    assert.equal((await world.account()).failure, null);
  });

  it('stops when its key was revoked, and goes on with a new one', async () => {
    life();
    await world.connect();
    await world.reconciled(true);
    const { id } = await world.account();
    upbit.refuse = () => ({ status: 401, body: '{"error":{"name":"invalid_access_key","message":"no"}}' });
    await world.sync();
    await eventually(async () => (await world.account()).phase === 'stopped', 'stopping');
    upbit.refuse = () => null;
    const since = clock.now();
    const changed = await world.call('PATCH', `${world.path}/accounts/${id}`, {
      credentials: upbit.input.credentials,
    });
    assert.equal(changed.status, 200);
    await world.reconciled(true, since);
  });

  it('stops when its key has lost a right, and says which', async () => {
    await world.connect();
    await world.reconciled(true);
    upbit.refuse = (asked) =>
      asked === '/v1/withdraws'
        ? { status: 401, body: { error: { name: 'out_of_scope', message: 'no' } } }
        : null;
    await world.sync();
    const { failure } = await eventually(async () => {
      const now = await world.account();
      return now.phase === 'stopped' && now;
    }, 'stopping');
    assert.deepEqual(failure, {
      code: 'permission-missing',
      detail:
        'The API key lacks a permission: withdrawals (출금조회). Create one that has it at Upbit, and enter it here.',
    });
  });

  it('refuses a key that the exchange does not take, and books nothing', async () => {
    const { credentials } = upbit.input;
    const refused = await world.connect({ credentials: { ...credentials, apiKey: 'another' } });
    assertProblem(refused, 422, 'key-refused');
    assert.match(refused.body.detail, /Upbit does not accept the API key/);
    assert.deepEqual(refused.body.errors[0].pointer, '/credentials');
    const surplus = await world.connect({ credentials: { ...credentials, passphrase: 'none there' } });
    assert.match(surplus.body.detail, /`credentials\/passphrase` is not part of an API key of Upbit/);
    upbit.refuse = () => ({ status: 503, body: '<html>503 Service Temporarily Unavailable</html>' });
    const away = await world.connect();
    assertProblem(away, 503, 'unavailable');
    assert.equal(away.body.detail, 'Upbit is under maintenance. Nothing was changed; try again later.');
    const { body } = await world.call('GET', `${world.path}/accounts`);
    assert.deepEqual(body.items, []);
  });

  it('shows a balance that differs, since when, and by how much', async () => {
    life();
    // A coin that no list of the exchange tells of.
    upbit.balances.set('DOGE', 5n * 10n ** 18n);
    const { body } = await world.connect();
    await eventually(async () => (await world.account()).reconciled === false, 'differing');
    const { body: proof } = await world.call('GET', `${world.path}/accounts/${body.id}/reconciliation`);
    const [doge] = proof.balances.filter(({ asset }: { asset: string }) => asset === 'DOGE');
    const { status, exchange, ledger, difference, agreedAt } = doge;
    assert.deepEqual([status, exchange, ledger, difference, agreedAt], ['differs', '5', '0', '5', null]);
    assert.ok(Date.parse(doge.differsSince) <= clock.now());
  });

  it('can be renamed, paused and disconnected, and connected again without doubling anything', async () => {
    life();
    await world.connect();
    await world.reconciled(true);
    const { id } = await world.account();
    const before = await world.holdings();
    const renamed = await world.call('PATCH', `${world.path}/accounts/${id}`, {
      label: 'Savings',
      paused: true,
    });
    assert.deepEqual(
      [renamed.body.label, renamed.body.account, renamed.body.nextTryAt],
      ['Savings', 'Upbit', null],
    );
    assertProblem(await world.connect(), 409, 'conflict');
    assert.equal((await world.call('DELETE', `${world.path}/accounts/${id}`)).status, 204);
    assertProblem(await world.call('GET', `${world.path}/accounts/${id}`), 404, 'not-found');
    assert.deepEqual(await world.holdings(), before);
    const since = clock.now();
    await world.connect();
    await world.reconciled(true, since);
    assert.deepEqual(await world.holdings(), before);
  });

  it('is one of as many as a portfolio may have', async () => {
    for (const label of ['One', 'Two']) assert.equal((await world.connect({ label })).status, 201);
    const third = await world.connect({ label: 'Three' });
    assertProblem(third, 409, 'quota-exceeded');
    assert.match(third.body.detail, /2 accounts for a portfolio \(ACCOUNTS_PER_PORTFOLIO\)/);
  });

  it('is noted to have another key only when it has', async () => {
    await world.connect({ label: 'One' });
    const { body } = await world.connect({ label: 'Two' });
    const keyChanges = async (): Promise<number> => {
      const rows: { count: string }[] = await world.app.services
        .db('audit_events')
        .where({ type: 'account-key-changed' })
        .count();
      return Number(rows[0]?.count);
    };
    const before = await keyChanges();
    const change = (fields: object): Promise<Answer> =>
      world.call('PATCH', `${world.path}/accounts/${body.id}`, {
        ...fields,
        credentials: upbit.input.credentials,
      });
    assertProblem(await change({ label: 'One' }), 409, 'conflict');
    assert.equal(await keyChanges(), before);
    assert.equal((await change({ label: 'Other' })).status, 200);
    assert.equal(await keyChanges(), before + 1);
  });

  it('keeps its credentials encrypted, and out of every answer', async () => {
    life();
    const { body } = await world.connect();
    await world.reconciled(true);
    assert.doesNotMatch(JSON.stringify(body), /stand-in-(secret|access)/);
    const { rows } = await world.app.services.db.raw('select sealed from exchange_accounts');
    const sealed = Buffer.from(rows[0].sealed).toString('latin1');
    assert.doesNotMatch(sealed, /stand-in/);
    assert.doesNotMatch(JSON.stringify(await world.account()), /stand-in-(secret|access)/);
  });
});
