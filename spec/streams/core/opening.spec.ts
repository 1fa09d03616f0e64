import assert from 'node:assert/strict';
import { CATALOG } from '../../../streams/channels/catalog.ts';
import { Hub } from '../../../streams/core/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import type { EndReason } from '../../../streams/core/sink.ts';
import { sseWire } from '../../../streams/core/wire.ts';
import { channelsOf } from '../../support/channels.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const portfolio = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;

describe('the opening of a stream', () => {
  let clock: VirtualClock;
  let hub: Hub;
  /** How each log that was asked for is opened, or not. */
  let asked: Map<string, { open: () => void; fail: () => void }>;
  let watched: number;
  let text: string;
  let endedFor: EndReason | null;

  function watch(what: string): Promise<() => Promise<void>> {
    return new Promise((resolve, reject) => {
      asked.set(what, {
        open: () => {
          watched += 1;
          resolve(async () => void (watched -= 1));
        },
        fail: () => reject(new Error('it cannot be watched')),
      });
    });
  }

  beforeEach(() => {
    clock = new VirtualClock();
    asked = new Map();
    watched = 0;
    text = '';
    endedFor = null;
    const bounds = { events: 100, bytes: 1e6, ageMs: 1e9 };
    hub = new Hub({
      broker: new MemoryBroker({ clock, random: () => 0.5, bounds: () => bounds }),
      clock,
      random: () => 0.5,
      logger: quiet,
      flushMs: 20,
      heartbeatMs: 15_000,
      maxAgeMs: 3_600_000,
      queueBytes: 50_000,
      maxStreams: 10,
      maxStreamsPerUser: 10,
      maxStreamsPerAddress: 10,
      catalog: CATALOG,
      watchLog: watch,
      watchChannel: ({ name }) => (name.startsWith('holdings:') ? watch(name) : undefined),
    });
  });
  afterEach(async () => {
    const closing = hub.close();
    await clock.advance(5_000);
    await closing;
    assert.equal(watched, 0, 'somebody still watches');
    assert.equal(clock.pending, 0);
  });

  function open(channels: string): void {
    void hub.open({
      id: 's1',
      owner: { userId: null, sessionId: null, expiresAt: null },
      channels: channelsOf(channels),
      lastEventId: null,
      replay: 'full',
      wire: sseWire,
      sink: {
        pendingBytes: 0,
        write: (chunk) => {
          text += chunk;
          return true;
        },
        onDrain: () => undefined,
        end: (reason) => {
          endedFor = reason;
        },
      },
      onOpen: () => undefined,
    });
  }

  const all = Array.from({ length: 8 }, (_, n) => `pnl:${portfolio(n)},holdings:${portfolio(n)}`).join(',');

  it('asks for everything at once', async () => {
    open(all);
    await clock.advance(0);
    assert.equal(asked.size, 16);
    for (const { open: answer } of asked.values()) answer();
    await clock.advance(0);
    assert.match(text, /event:ready/);
    assert.equal(watched, 16);
  });

  it('that fails in one part ends the stream with the reason, and lets go of what comes after that', async () => {
    open(all);
    await clock.advance(0);
    const [first, ...others] = asked.values();
    first?.fail();
    await clock.advance(1_000);
    for (const { open: answer } of others) answer();
    await clock.advance(0);
    assert.equal(endedFor, 'unavailable');
    assert.doesNotMatch(text, /event:ready/);
    assert.match(text, /"code":"unavailable"/);
    assert.equal(watched, 0);
  });

  for (const [what, channels, hanging] of [
    ['a log', `pnl:${portfolio(1)},pnl:${portfolio(2)}`, `portfolio:${portfolio(2)}`],
    ['a channel', `pnl:${portfolio(1)},holdings:${portfolio(1)}`, `holdings:${portfolio(1)}`],
  ] as const) {
    it(`that hangs in ${what} ends the stream with the reason`, async () => {
      open(channels);
      await clock.advance(0);
      assert.ok(asked.has(hanging));
      for (const [name, { open: answer }] of asked) if (name !== hanging) answer();
      await clock.advance(15_000);
      assert.equal(endedFor, 'unavailable');
      asked.get(hanging)?.open();
      await clock.advance(0);
      assert.equal(watched, 0);
    });
  }
});
