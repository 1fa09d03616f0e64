import assert from 'node:assert/strict';
import { type Broker, BrokerUnavailableError, type LogListener } from '../../../streams/core/broker.ts';
import { MARKET_LOG } from '../../../streams/channels/logs.ts';
import { channelsOf } from '../../support/channels.ts';
import type { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { ndjsonWire } from '../../../streams/transports/wires.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { LaggingBroker } from '../../support/lagging-broker.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { coreHub } from '../../support/streams/core-hub.ts';

function ticker(price: number): { key: string; data: string } {
  const body = { symbol: 'A/B', price: String(price) };
  return { key: 'ticker:A/B', data: JSON.stringify({ type: 'tick', ticker: body, trade: null }) };
}

describe('a view of a log that was reset', () => {
  const clock = new VirtualClock();
  let inner: MemoryBroker;
  let listener: LogListener | null;
  let isStateLost: boolean;
  /** What this process knows of the symbol besides the log. */
  let knownPrice: number | null;
  let lagging: LaggingBroker;
  let hub: Hub;

  beforeEach(() => {
    isStateLost = false;
    knownPrice = null;
    const bounds = { events: 1_000, bytes: 1e6, ageMs: 1e9 };
    inner = new MemoryBroker({ clock, random: Math.random, bounds: () => bounds });
    lagging = new LaggingBroker(inner);
    const broker: Broker = {
      publish: (...args) => inner.publish(...args),
      history: (...args) => inner.history(...args),
      head: (log) => inner.head(log),
      audience: (log) => inner.audience(log),
      close: () => inner.close(),
      async state(log) {
        if (isStateLost) throw new BrokerUnavailableError();
        return inner.state(log);
      },
      subscribe(log, each) {
        listener = each;
        return lagging.subscribe(log, each);
      },
    };
    hub = coreHub({
      broker,
      clock,
      maxAgeMs: 1e9,
      maxStreams: 10,
      maxStreamsPerUser: 10,
      maxStreamsPerAddress: 10,
      known: (_log, at, lacks) =>
        knownPrice === null || !lacks('ticker:A/B') ? [] : [{ ...ticker(knownPrice), ...at, at: 0 }],
    });
  });
  afterEach(async () => {
    await hub.close();
    await inner.close();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  function open(id: string): { sink: CollectingSink; live: Promise<unknown> } {
    const sink = new CollectingSink();
    const live = hub.open({
      id,
      owner: { userId: null, sessionId: null, expiresAt: null },
      channels: channelsOf('ticker:A/B'),
      lastEventId: null,
      replay: 'full',
      wire: ndjsonWire,
      sink,
      onOpen: () => undefined,
    });
    return { sink, live };
  }

  const prices = (sink: CollectingSink): string[] => sink.of('ticker').map(({ data }) => data.price);

  async function reset(): Promise<void> {
    listener?.reset(await inner.head(MARKET_LOG), 'expired');
  }

  it('tells nobody before it knows the state, and then everybody', async () => {
    await inner.publish(MARKET_LOG, [ticker(1)]);
    const early = open('early');
    await early.live;
    isStateLost = true;
    await reset();
    const late = open('late');
    await clock.advance(2_000);
    await inner.publish(MARKET_LOG, [ticker(2)]);
    await clock.advance(2_000);
    assert.deepEqual([prices(early.sink), early.sink.of('reset').length], [['1'], 0]);
    assert.equal(late.sink.text, '', 'not in step without a state');
    isStateLost = false;
    await clock.advance(1_000);
    await late.live;
    assert.deepEqual([prices(early.sink), early.sink.of('reset').length], [['1', '2'], 1]);
    assert.deepEqual([prices(late.sink), late.sink.of('reset').length], [['2'], 0]);
    await inner.publish(MARKET_LOG, [ticker(3)]);
    await clock.advance(100);
    assert.deepEqual([prices(early.sink).at(-1), prices(late.sink).at(-1)], ['3', '3']);
  });

  it('is up to date again only when its readers have been told of the reset', async () => {
    await inner.publish(MARKET_LOG, [ticker(1)]);
    const { sink, live } = open('reader');
    await live;
    listener?.condition('away');
    isStateLost = true;
    listener?.reset(await inner.head(MARKET_LOG), 'epoch');
    listener?.condition('back');
    await clock.advance(1_000);
    const codes = (): string[] => sink.of('notice').map(({ data }) => data.code);
    assert.deepEqual([codes(), sink.of('reset').length], [['delayed'], 0]);
    isStateLost = false;
    await clock.advance(1_000);
    assert.deepEqual(
      sink.events.slice(-4).map(({ event }) => event),
      ['reset', 'ticker', 'ready', 'notice'],
    );
    assert.deepEqual(codes(), ['delayed', 'restored']);
    listener?.condition('away');
    listener?.condition('back');
    await clock.advance(100);
    assert.deepEqual(codes(), ['delayed', 'restored', 'delayed', 'restored']);
  });

  it('sends what this process knows of a state whose newest event has not been delivered yet', async () => {
    await inner.publish(MARKET_LOG, [ticker(1)]);
    const { sink, live } = open('reader');
    await live;
    const position = await inner.head(MARKET_LOG);
    knownPrice = 1;
    lagging.isHolding = true;
    await inner.publish(MARKET_LOG, [ticker(2)]);
    listener?.reset(position, 'expired');
    await clock.advance(100);
    assert.equal(sink.of('ready').length, 2);
    assert.deepEqual(prices(sink), ['1', '1'], 'in step with a state');
    lagging.release();
    await clock.advance(100);
    assert.deepEqual(prices(sink), ['1', '1', '2']);
  });

  it('lets no client wait for long', async () => {
    const early = open('early');
    await early.live;
    isStateLost = true;
    await reset();
    const late = open('late');
    const gone = open('gone');
    await clock.advance(5_000);
    hub.closed('gone');
    await gone.live;
    await clock.advance(6_000);
    await late.live;
    assert.equal(late.sink.endedFor, 'unavailable');
    assert.equal(early.sink.endedFor, null);
  });
});
