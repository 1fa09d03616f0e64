import assert from 'node:assert/strict';
import { CATALOG } from '../../../streams/channels/catalog.ts';
import { channelsOf } from '../../support/channels.ts';
import { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import type { EndReason } from '../../../streams/core/sink.ts';
import { sseWire } from '../../../streams/transports/wires.ts';
import { Authority } from '../../../streams/fleet/authority.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the periodic check of who may read', () => {
  it('goes on after a statement that never came back', async () => {
    const clock = new VirtualClock();
    const bounds = { events: 100, bytes: 1e6, ageMs: 1e9 };
    const broker = new MemoryBroker({ clock, random: () => 0.5, bounds: () => bounds });
    const hub = new Hub({
      broker,
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
    });
    let checks = 0;
    const authority = new Authority({
      broker,
      hub,
      clock,
      logger: quiet,
      findEnded: (ids) => {
        checks += 1;
        return checks === 1 ? new Promise(() => undefined) : Promise.resolve(new Set(ids));
      },
    });
    await authority.start();
    let endedFor: EndReason | null = null;
    await hub.open({
      id: 's1',
      owner: { userId: 'u1', sessionId: 'session', expiresAt: null },
      channels: channelsOf('trade:A/B'),
      lastEventId: null,
      replay: 'full',
      wire: sseWire,
      sink: {
        pendingBytes: 0,
        write: () => true,
        onDrain: () => undefined,
        end: (reason) => {
          endedFor = reason;
        },
      },
      onOpen: () => undefined,
    });
    await clock.advance(16_000);
    assert.equal(endedFor, 'revoked');
    await authority.close();
    await hub.close();
    await broker.close();
    assert.equal(clock.pending, 0);
  });
});
