import assert from 'node:assert/strict';
import { type Broker, BrokerUnavailableError } from '../../streams/core/broker.ts';
import { MARKET_LOG } from '../../streams/channels/logs.ts';
import { BrokerSilentError, reachBroker, retryBroker } from '../../app/broker-retry.ts';
import { MemoryBroker } from '../../streams/memory/memory-broker.ts';
import { Market } from '../../streams/market/market.ts';
import { quiet } from '../support/log-watch.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('a start that needs the broker', () => {
  const clock = new VirtualClock();

  /** Moves the clock until the promise is settled. */
  async function settle<T>(promise: Promise<T>): Promise<T> {
    const state = { isSettled: false };
    const end = (): void => {
      state.isSettled = true;
    };
    promise.then(end, end);
    while (!state.isSettled) await clock.advance(50);
    return promise;
  }

  it('goes on as soon as it answers, and gives up after a while', async () => {
    let left = 20;
    const attempt = (): Promise<string> => {
      left -= 1;
      return left > 0 ? Promise.reject(new BrokerUnavailableError()) : Promise.resolve('done');
    };
    const patience = { clock, ms: 30_000, step: 'trying' };
    assert.equal(await settle(retryBroker(attempt, patience)), 'done');
    assert.ok(clock.monotonic() < 5_000);
    const before = clock.monotonic();
    const never = (): Promise<void> => Promise.reject(new BrokerUnavailableError());
    await assert.rejects(settle(retryBroker(never, patience)), (error) => {
      assert.ok(error instanceof BrokerSilentError);
      assert.deepEqual([error.step, error.seconds], ['trying', 30]);
      return true;
    });
    assert.ok(clock.monotonic() - before >= 30_000);
    const broken = (): Promise<void> => Promise.reject(new TypeError('broken'));
    await assert.rejects(settle(retryBroker(broken, patience)), TypeError);
    assert.equal(clock.pending, 0);
  });

  it('follows each log once, however often a step had to be repeated', async () => {
    const inner = new MemoryBroker({
      clock,
      random: Math.random,
      bounds: () => ({ events: 100, bytes: 100_000, ageMs: 60_000 }),
    });
    let failures = 3;
    const broker: Pick<Broker, 'subscribe' | 'state'> = {
      subscribe: (...args) => inner.subscribe(...args),
      state(log) {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new BrokerUnavailableError()) : inner.state(log);
      },
    };
    const market = new Market({
      broker: broker as Broker,
      clock,
      random: Math.random,
      log: quiet,
      lastCloses: () => Promise.resolve([]),
    });
    await reachBroker(inner);
    await settle(retryBroker(() => market.start(), { clock, ms: 30_000, step: 'reading the market' }));
    let heard = 0;
    market.onTick(() => {
      heard += 1;
    });
    const ticker = {
      symbol: 'BTC/KRW',
      price: '1',
      time: new Date(clock.now()).toISOString(),
      simulated: false,
    };
    await inner.publish(MARKET_LOG, [{ data: JSON.stringify({ type: 'tick', ticker, trade: null }) }]);
    assert.equal(heard, 1);
    await market.close();
    await inner.close();
  });
});
