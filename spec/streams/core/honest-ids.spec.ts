import assert from 'node:assert/strict';
import { MARKET_LOG, portfolioLog } from '../../../streams/channels/logs.ts';
import { channelsOf } from '../../support/channels.ts';
import type { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { ndjsonWire } from '../../../streams/transports/wires.ts';
import { type CollectedEvent, CollectingSink } from '../../support/collecting-sink.ts';
import { collidingPortfolios } from '../../support/colliding-logs.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { coreHub } from '../../support/streams/core-hub.ts';

const [[FIRST = '', SECOND = ''] = []] = collidingPortfolios(5_000);

describe('an id', () => {
  const clock = new VirtualClock();
  let broker: MemoryBroker;
  let hub: Hub;
  let count: number;

  beforeEach(() => {
    const bounds = (): { events: number; bytes: number; ageMs: number } => ({
      events: 1_000,
      bytes: 1e6,
      ageMs: 1e9,
    });
    count = 0;
    broker = new MemoryBroker({ clock, random: Math.random, bounds });
    hub = coreHub({
      broker,
      clock,
    });
  });
  afterEach(async () => {
    await hub.close();
    await broker.close();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  async function open(channels: string, lastEventId: string | null): Promise<CollectingSink> {
    const sink = new CollectingSink();
    await hub.open({
      id: 'one',
      owner: { userId: null, sessionId: null, expiresAt: null },
      channels: channels === '' ? [] : channelsOf(channels),
      lastEventId,
      replay: 'full',
      wire: ndjsonWire,
      sink,
      onOpen: () => undefined,
    });
    await clock.advance(20);
    return sink;
  }

  /** As a client of a WebSocket does. @returns what came then */
  async function change(
    sink: CollectingSink,
    channels: string,
    lastEventId: string | null,
  ): Promise<CollectedEvent[]> {
    const before = sink.events.length;
    const selection = { channels: channelsOf(channels), lastEventId, replay: 'full' } as const;
    await hub.resubscribe('one', selection, () => undefined);
    await clock.advance(20);
    return sink.events.slice(before);
  }

  function leave(): void {
    hub.closed('one');
  }

  async function trade(): Promise<void> {
    count += 1;
    const body = { symbol: 'A/B', tradeId: String(count), side: null, price: '1', quantity: '1', time: '' };
    await broker.publish(MARKET_LOG, [{ data: JSON.stringify({ type: 'tick', ticker: null, trade: body }) }]);
  }

  async function fill(portfolioId: string): Promise<void> {
    count += 1;
    const record = { type: 'fill', change: 'booked', version: count, trade: {} };
    await broker.publish(portfolioLog(portfolioId), [{ data: JSON.stringify(record) }]);
  }

  /** What was told, by the number that it was published under. */
  function told(events: readonly CollectedEvent[]): number[] {
    return events.flatMap(({ event, data }) =>
      event === 'trade' ? Number(data.tradeId) : event === 'fill' ? data.version : [],
    );
  }

  function resets(events: readonly CollectedEvent[]): [string, string[]][] {
    return events
      .filter(({ event }) => event === 'reset')
      .map(({ data }): [string, string[]] => [data.reason, data.channels]);
  }

  it('resumes two portfolios whose logs have one tag', async () => {
    const channels = `trade:A/B,fills:${FIRST},fills:${SECOND}`;
    const events: CollectedEvent[] = [];
    let id: string | null = null;
    for (let round = 0; round < 12; round += 1) {
      const sink = await open(channels, id);
      if (round % 2 === 0) await trade();
      await fill(FIRST);
      if (round % 3 === 0) await fill(SECOND);
      await clock.advance(20);
      leave();
      events.push(...sink.events);
      ({ lastId: id } = sink);
      await fill(SECOND);
    }
    events.push(...(await open(channels, id)).events);
    assert.deepEqual(resets(events), []);
    assert.deepEqual(
      told(events).sort((a, b) => a - b),
      Array.from({ length: count }, (_, index) => index + 1),
    );
  });

  it('that says nothing of a log is foreign to it, and good for the others', async () => {
    const before = await open('trade:A/B', null);
    leave();
    await trade();
    await fill(FIRST);
    const channels = `trade:A/B,fills:${FIRST}`;
    const sink = await open(channels, before.lastId);
    assert.deepEqual(resets(sink.events), [['foreign', [`fills:${FIRST}`]]]);
    assert.deepEqual(told(sink.events), [1]);
    leave();
    await fill(FIRST);
    const again = await open(channels, sink.lastId);
    assert.deepEqual([resets(again.events), told(again.events)], [[], [3]]);
    leave();
    const other = await open(`fills:${SECOND}`, again.lastId);
    // Its own log's tag is told, but by the other one.
    assert.deepEqual(resets(other.events), [['epoch', [`fills:${SECOND}`]]]);
    leave();
    const market = await open('trade:A/B', other.lastId);
    assert.deepEqual(resets(market.events), [['foreign', ['trade:A/B']]]);
  });

  it('is not asked of channels that are added, unless the client sends one', async () => {
    const sink = await open('trade:A/B', null);
    const { lastId } = sink;
    const added = await change(sink, `trade:A/B,fills:${FIRST}`, null);
    assert.deepEqual(resets(added), []);
    const more = await change(sink, `trade:A/B,fills:${FIRST},pnl:${SECOND}`, lastId);
    assert.deepEqual(resets(more), [['foreign', [`pnl:${SECOND}`]]]);
    await fill(FIRST);
    await trade();
    await clock.advance(20);
    assert.deepEqual(told(sink.events), [1, 2]);
  });

  it('of a change of channels tells new logs where to go on', async () => {
    const before = await open(`fills:${FIRST}`, null);
    leave();
    await fill(FIRST);
    const sink = await open('trade:A/B', null);
    const added = await change(sink, `trade:A/B,fills:${FIRST}`, before.lastId);
    assert.deepEqual([resets(added), told(added)], [[], [1]]);
  });

  it('that came before any channel counts for the first ones', async () => {
    const before = await open('trade:A/B', null);
    leave();
    await trade();
    const sink = await open('', before.lastId);
    const added = await change(sink, 'trade:A/B', null);
    assert.deepEqual([resets(added), told(added)], [[], [1]]);
    assert.deepEqual(resets(await change(sink, `trade:A/B,fills:${FIRST}`, null)), []);
  });
});
