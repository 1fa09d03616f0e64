import assert from 'node:assert/strict';
import { RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import { FlushScheduler } from '../../../lib/async/flush-scheduler.ts';
import type { OpenStream } from '../../../streams/core/connections/open-stream.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { Subscriber } from '../../../streams/core/connections/subscriber.ts';
import { sseWire } from '../../../streams/transports/wires.ts';
import { StreamWatchdog } from '../../../streams/fleet/stream-watchdog.ts';
import { channelsOf } from '../../support/channels.ts';
import { quiet, watchedLogger } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the watchdog of streams', () => {
  let clock: VirtualClock;
  let streams: OpenStream[];
  let lines: string[];
  let watchdog: StreamWatchdog;

  beforeEach(() => {
    clock = new VirtualClock();
    streams = [];
    lines = [];
    watchdog = new StreamWatchdog({
      hub: { streams: () => streams },
      projector: { size: 0, stalled: () => [] },
      clock,
      logger: watchedLogger((line) => lines.push(line)),
    });
  });
  afterEach(() => watchdog.close());

  /** A stream that nobody starts. @param isReading whether its reader takes what is written */
  function open(channels: string, { isReading = true } = {}): Subscriber {
    const subscriber = new Subscriber({
      channels: channels === '' ? [] : channelsOf(channels),
      lastEventId: null,
      replay: 'full',
      wire: sseWire,
      sink: { pendingBytes: 0, write: () => isReading, onDrain: () => undefined, end: () => undefined },
      queueBytes: 50_000,
      retryMs: () => 1_000,
      replaySlot: () => Promise.resolve({ release: () => undefined }),
      broker: new MemoryBroker({
        clock,
        random: () => 0.5,
        bounds: () => ({ events: 1, bytes: 1, ageMs: 1 }),
      }),
      scheduler: new FlushScheduler(clock, 20),
      clock,
      repeated: new RepeatedLog(quiet, clock),
      isDelayed: () => false,
      onEnd: () => undefined,
    });
    streams.push({
      id: `s${streams.length}`,
      owner: { userId: null, sessionId: null, expiresAt: null },
      transport: 'sse',
      openedAt: subscriber.openedAt,
      subscriber,
    });
    return subscriber;
  }

  const warned = (): unknown[] =>
    lines.filter((line) => line.includes('never became ready')).map((line) => JSON.parse(line).streams);

  it('says which never became ready, each once, and that the node is not when they are most', async () => {
    for (let n = 0; n < 3; n += 1) open('');
    for (let n = 0; n < 2; n += 1) open('trade:A/B');
    await clock.advance(20_000);
    assert.equal(watchdog.stuckStreams, 0, 'they may still be opening');
    await clock.advance(20_000);
    assert.deepEqual(watchdog.health(), { ready: true, detail: '2 of 5 streams never became ready' });
    for (let n = 0; n < 2; n += 1) open('trade:A/B');
    await clock.advance(40_000);
    assert.deepEqual(watchdog.health(), { ready: false, detail: '4 of 7 streams never became ready' });
    assert.equal(watchdog.stuckStreams, 4);
    assert.deepEqual(warned(), [
      ['s3', 's4'],
      ['s5', 's6'],
    ]);
    streams = [];
    await clock.advance(5_000);
    assert.deepEqual(watchdog.health(), { ready: true, detail: null });
  });

  it('does not mean those that are being sent a long past, nor those whose reader does not read', async () => {
    const busy = open('trade:A/B');
    let sent = 0;
    Object.defineProperty(busy, 'sentEvents', { get: () => sent });
    open('trade:A/B', { isReading: false }).heartbeat();
    for (let second = 0; second < 60; second += 1) {
      sent += 1;
      await clock.advance(1_000);
    }
    assert.equal(watchdog.stuckStreams, 0);
    await clock.advance(10_000);
    assert.equal(watchdog.stuckStreams, 1);
    assert.deepEqual(warned(), [['s0']]);
  });
});
