import assert from 'node:assert/strict';
import type { HistoryPoint } from '../../../db/connection/server-history.ts';
import { portfolioLog, TIMELINE_LOG } from '../../../streams/channels/logs.ts';
import type { Broker } from '../../../streams/core/broker.ts';
import { Timeline } from '../../../streams/fleet/timeline.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const START: HistoryPoint = { branch: 'system.1', startedAt: '1', written: 1_000 };

describe('the timeline of a fleet', () => {
  let clock: VirtualClock;
  let broker: Broker;
  let versions: Map<string, number>;
  const nodes: Node[] = [];

  /** A node, with the server that its connections lead to. */
  class Node {
    point = START;
    begun = 0;
    readonly forgotten: string[] = [];
    readonly timeline = new Timeline({
      broker,
      clock,
      logger: quiet,
      kept: 'kept',
      generation: { current: 0 },
      first: clock.now(),
      point: () => Promise.resolve(this.point),
      versions: () => Promise.resolve(versions),
      forget: async (startedAt) => void this.forgotten.push(startedAt),
    });

    /** Its next connection leads there. */
    async connect(change: Partial<HistoryPoint>): Promise<void> {
      this.point = { ...this.point, ...change };
      this.timeline.connected(this.point);
      await this.timeline.check();
    }
  }

  function made(): Node {
    const node = new Node();
    nodes.push(node);
    node.timeline.onBegin(() => (node.begun += 1));
    return node;
  }

  async function start(): Promise<Node> {
    const node = made();
    await node.timeline.start();
    node.begun = 0;
    return node;
  }

  beforeEach(() => {
    clock = new VirtualClock();
    versions = new Map();
    broker = new MemoryBroker({ clock, random: () => 0.5 });
  });
  afterEach(async () => {
    for (const { timeline } of nodes.splice(0)) await timeline.close();
  });

  it('is the same on all nodes, and after a restart of each', async () => {
    const one = await start();
    await clock.advance(1_000);
    const two = await start();
    assert.equal(two.timeline.name, one.timeline.name);
    assert.equal(two.timeline.mark, one.timeline.mark);
    await one.timeline.close();
    await clock.advance(1_000);
    assert.equal((await start()).timeline.name, one.timeline.name);
  });

  it('goes on when the server restarts, under another name', async () => {
    const node = await start();
    const { generation, name, mark } = node.timeline;
    await node.connect({ startedAt: '2', written: 1_001 });
    assert.equal(node.timeline.generation, generation);
    assert.equal(node.begun, 0);
    assert.notEqual(node.timeline.name, name);
    assert.notEqual(node.timeline.mark, mark);
  });

  const BACK: [what: string, change: Partial<HistoryPoint>][] = [
    ['is promoted', { branch: 'system.2', startedAt: '2', written: 1_100 }],
    ['has written less', { startedAt: '2', written: 999 }],
  ];
  for (const [what, change] of BACK) {
    it(`begins a generation, once for the fleet, when the server ${what}`, async () => {
      const one = await start();
      const two = await start();
      await clock.advance(1_000);
      for (const node of [one, two]) node.point = { ...START, ...change };
      await one.connect(change);
      await clock.advance(5_000);
      await two.connect(change);
      await one.timeline.check();
      assert.deepEqual([one.begun, two.begun], [1, 1]);
      assert.equal(one.timeline.generation, two.timeline.generation);
      assert.equal(one.timeline.mark, two.timeline.mark);
    });
  }

  it('begins a generation when it was not running meanwhile', async () => {
    const before = await start();
    const { generation } = before.timeline;
    await before.timeline.close();
    await clock.advance(1_000);
    const after = new Node();
    nodes.push(after);
    after.point = { ...START, startedAt: '2', written: 500 };
    await after.timeline.start();
    assert.ok(after.timeline.generation > generation);
  });

  it('begins a generation when a ledger lacks what was published a moment ago', async () => {
    const node = await start();
    const { generation } = node.timeline;
    const publish = (last: number): Promise<unknown> =>
      node.timeline
        .guard(broker)
        .publish(portfolioLog('p'), [{ data: '{}' }], { sequence: { after: last - 1, last } });
    await publish(1);
    versions.set('p', 1);
    await node.connect({ startedAt: '2', written: 1_001 });
    assert.equal(node.timeline.generation, generation);
    await publish(2);
    await clock.advance(1);
    await node.connect({ startedAt: '3', written: 1_002 });
    assert.ok(node.timeline.generation > generation);
  });

  it('begins one generation when two nodes miss what they have published, one after the other', async () => {
    const one = await start();
    const two = await start();
    for (const [index, { timeline }] of [one, two].entries())
      await timeline
        .guard(broker)
        .publish(portfolioLog('p'), [{ data: '{}' }], { sequence: { after: index, last: index + 1 } });
    versions.set('p', 0);
    await clock.advance(1_000);
    await one.connect({ startedAt: '2', written: 1_001 });
    await clock.advance(1);
    await two.connect({ startedAt: '2', written: 1_001 });
    await one.timeline.check();
    assert.deepEqual([one.begun, two.begun], [1, 1]);
    assert.equal(one.timeline.generation, two.timeline.generation);
  });

  it('begins no other generation for what was still on its way into an earlier one', async () => {
    const node = await start();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow: Broker['publish'] = async (...args) => {
      const position = await broker.publish(...args);
      await held;
      return position;
    };
    const guarded = node.timeline.guard({
      publish: slow,
      head: (log) => broker.head(log),
      history: (...args) => broker.history(...args),
    });
    const publishing = guarded.publish(portfolioLog('p'), [{ data: '{}' }], {
      sequence: { after: 0, last: 1 },
    });
    versions.set('p', 0);
    await clock.advance(1_000);
    await node.connect({ branch: 'system.2', startedAt: '2' });
    release();
    await publishing;
    await clock.advance(1);
    await node.connect({ startedAt: '3', written: 1_001 });
    assert.equal(node.begun, 1);
  });

  it('has one first generation when two nodes start at once', async () => {
    await clock.advance(1_000);
    const one = made();
    await clock.advance(1_000);
    const two = made();
    // The second has found nothing when the first begins, and goes on after that.
    const nothing = broker.state(TIMELINE_LOG);
    await one.timeline.start();
    const state = broker.state.bind(broker);
    broker.state = () => {
      broker.state = state;
      return nothing;
    };
    await two.timeline.start();
    await one.timeline.check();
    assert.equal(one.timeline.generation, two.timeline.generation);
    assert.deepEqual([one.begun, two.begun], [1, 1]);
  });

  it('forgets what was put back before it publishes, and nothing that was written since', async () => {
    const one = await start();
    const two = await start();
    for (const { forgotten } of [one, two]) forgotten.length = 0;
    await clock.advance(1_000);
    await one.connect({ startedAt: '2', written: 999 });
    // Nothing is put back with a server that only restarts, also when a node learns of the rewind after that.
    await one.connect({ startedAt: '3', written: 1_100 });
    await two.connect({ startedAt: '3', written: 1_100 });
    assert.deepEqual([one.forgotten, two.forgotten], [['2'], ['2']]);
    assert.deepEqual([one.begun, two.begun], [1, 1]);
  });

  it('reads again what was read through a new connection, after it has compared', async () => {
    const node = await start();
    node.forgotten.length = 0;
    await clock.advance(1_000);
    const told: string[][] = [];
    const read = async (): Promise<number> => {
      told.push([...node.forgotten]);
      if (told.length === 1) {
        node.point = { ...START, startedAt: '2', written: 999 };
        node.timeline.connected(node.point);
      }
      return told.length;
    };
    assert.equal(await node.timeline.surely(read), 2);
    assert.deepEqual(told, [[], ['2']]);
  });

  it('does not swing between two servers that nodes are connected to', async () => {
    const one = await start();
    const two = await start();
    await one.connect({ branch: 'system.2', startedAt: '2' });
    await clock.advance(1_000);
    for (let n = 0; n < 5; n += 1) {
      await two.timeline.check();
      await one.timeline.check();
    }
    assert.deepEqual([one.begun, two.begun], [1, 1]);
  });

  it('publishes no change of a ledger while it is in doubt', async () => {
    const node = await start();
    const guarded = node.timeline.guard(broker);
    node.point = { ...START, branch: 'system.2', startedAt: '2' };
    const { generation } = node.timeline;
    await clock.advance(1_000);
    node.timeline.connected(node.point);
    await guarded.publish(portfolioLog('p'), [{ data: '{}' }]);
    assert.ok(node.timeline.generation > generation);
  });
});
