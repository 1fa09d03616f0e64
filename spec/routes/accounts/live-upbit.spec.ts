import assert from 'node:assert/strict';
import { AccountApp, START } from '../../support/account-app.ts';
import { eventually } from '../../support/eventually.ts';
import { StreamClient } from '../../support/stream-client.ts';
import type { Order } from '../../support/upbit-accounts.ts';

const DAY = 86_400_000;

describe('the private stream of an account at Upbit', () => {
  const upbitApp = new AccountApp();
  const { upbit } = upbitApp;
  let stream: StreamClient;

  before(() => upbitApp.start());
  after(() => upbitApp.stop());
  beforeEach(async () => {
    await upbitApp.renew();
    upbit.move('deposit', 'KRW', { amount: '10000000', at: START + DAY });
    await upbitApp.connect();
    await upbitApp.reconciled(true);
    await upbitApp.listened();
    const id = upbitApp.path.split('/').at(-1) ?? '';
    stream = new StreamClient(`${upbitApp.app.url}/v1/streams?channels=fills:${id},pnl:${id}`, {
      headers: { authorization: upbitApp.owner.authorization },
    });
    await stream.until(() => stream.events.some(({ event }) => event === 'pnl'));
  });
  afterEach(async () => {
    upbitApp.clock.release();
    stream.cut();
    await upbitApp.call('DELETE', upbitApp.path);
    await upbitApp.listened(0);
  });

  /** No list shows an order from now on: only the stream tells of it. */
  function unlist(): void {
    upbit.refuse = (path) => (path.startsWith('/v1/orders/') ? { status: 200, body: [] } : null);
  }

  function fill(order: Order, volume: string): string {
    return upbit.fill(order, { price: '61234567', volume, at: upbitApp.clock.now() }).uuid;
  }

  function filled(): string[] {
    return stream.events.filter(({ event }) => event === 'fill').map(({ data }) => data.trade.externalId);
  }

  function pnlPosition(): number {
    return stream.events.filter(({ event }) => event === 'pnl').length;
  }

  async function agreed(): Promise<void> {
    upbit.refuse = () => null;
    const since = upbitApp.clock.now();
    await upbitApp.sync();
    await upbitApp.reconciled(true, since);
    assert.deepEqual(await upbitApp.holdings(), upbitApp.truth());
  }

  it('brings a fill to the streams of the portfolio before any list shows it', async () => {
    unlist();
    const before = pnlPosition();
    const id = fill(upbit.order('KRW-BTC', 'bid', upbitApp.clock.now()), '0.01');
    await stream.until(() => filled().includes(id) && pnlPosition() > before);
    await agreed();
  });

  it('brings a fill to the streams within a second: only timers of a quarter of one run meanwhile', async () => {
    unlist();
    const before = pnlPosition();
    const order = upbit.order('KRW-BTC', 'bid', upbitApp.clock.now());
    // The valuation takes turns of a quarter of a second; polls, sweeps and looks take a second and more.
    upbitApp.clock.hold(300);
    const id = fill(order, '0.01');
    await stream.until(() => filled().includes(id) && pnlPosition() > before);
    upbitApp.clock.release();
    await agreed();
  });

  it('loses nothing of a burst, and doubles nothing that is told again', async () => {
    unlist();
    const orders = ['KRW-BTC', 'KRW-ETH', 'KRW-XRP'].map((market) =>
      upbit.order(market, 'bid', upbitApp.clock.now()),
    );
    const ids: string[] = [];
    for (let n = 1; n <= 60; n += 1) {
      const order = orders[n % 3];
      assert.ok(order);
      ids.push(fill(order, `0.000${n}`));
      const last = order.fills.at(-1);
      assert.ok(last);
      upbit.tell(upbit.fillEvent(order, last, upbitApp.clock.now()));
    }
    for (const order of orders) upbit.close(order);
    await stream.until(() => ids.every((id) => filled().includes(id)));
    await agreed();
    assert.deepEqual(filled().sort(), ids.sort());
  });

  it('is believed only when REST shows the fill too', async () => {
    unlist();
    upbit.isLagging = true;
    const order = upbit.order('KRW-BTC', 'bid', upbitApp.clock.now());
    const first = fill(order, '0.01');
    const asked = () => upbit.requests.filter((path) => path.startsWith('/v1/order?')).length;
    await eventually(() => asked() >= 3, 'three look-ups');
    assert.deepEqual(filled(), []);
    upbit.show();
    await stream.until(() => filled().includes(first));
    await agreed();
  });

  it('is opened again when it was cut, and what was missed is read', async () => {
    const { opened } = upbit;
    upbit.isFrozen = true;
    upbit.cut();
    await upbitApp.listened(0);
    const id = fill(upbit.order('KRW-BTC', 'bid', upbitApp.clock.now()), '0.01');
    upbit.isFrozen = false;
    await eventually(() => upbit.opened > opened, 'another connection');
    await stream.until(() => filled().includes(id));
    await agreed();
  });

  it('ends while the account is paused, and when its key was revoked', async () => {
    const { id } = await upbitApp.account();
    await upbitApp.call('PATCH', `${upbitApp.path}/accounts/${id}`, { paused: true });
    await upbitApp.listened(0);
    await upbitApp.call('PATCH', `${upbitApp.path}/accounts/${id}`, { paused: false });
    await upbitApp.sync();
    await upbitApp.listened();
    upbit.refuse = () => ({ status: 401, body: '{"error":{"name":"invalid_access_key","message":"no"}}' });
    await upbitApp.sync();
    await upbitApp.listened(0);
    upbit.refuse = () => null;
  });
});
