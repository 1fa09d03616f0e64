import assert from 'node:assert/strict';
import { createParser } from 'eventsource-parser';
import { systemClock } from '../../../../lib/clock.ts';
import type { Broker, GenerationOf } from '../../../../streams/core/broker.ts';
import type { Hub } from '../../../../streams/core/connections/hub.ts';
import type { Wire } from '../../../../streams/core/wire.ts';
import { MARKET_LOG, portfolioLog } from '../../../../streams/channels/logs.ts';
import { MemoryBroker } from '../../../../streams/memory/memory-broker.ts';
import { RedisBroker } from '../../../../streams/redis/redis-broker.ts';
import { sseWire, websocketWire } from '../../../../streams/transports/wires.ts';
import { channelsOf } from '../../../support/channels.ts';
import { type CollectedEvent, CollectingSink } from '../../../support/collecting-sink.ts';
import { eventually } from '../../../support/eventually.ts';
import { quiet } from '../../../support/log-watch.ts';
import { type RedisServer, redisAvailable, startRedisServer } from '../../../support/redis-server.ts';
import { coreHub } from '../../../support/streams/core-hub.ts';

const PORTFOLIO = '018f3a5e-7d2c-7f00-8000-000000000001';
const OTHER_EPOCH = 'AAAA.5Na000001';

const TICK = {
  key: 'ticker:A/B',
  data: JSON.stringify({ type: 'tick', ticker: { symbol: 'A/B', price: '1' }, trade: null }),
};

function eventsOf(wire: Wire, sink: CollectingSink): CollectedEvent[] {
  if (wire !== sseWire) return sink.events;
  const found: CollectedEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = 'message', id, data }) =>
      found.push({ event, data: JSON.parse(data), ...(id === undefined ? {} : { id }) }),
  });
  parser.feed(sink.text);
  return found;
}

let redis: RedisServer | null = null;
let prefixes = 0;

const BACKENDS = [
  {
    name: 'memory',
    available: () => true,
    open: (generationOf: GenerationOf): Broker => new MemoryBroker({ generationOf }),
  },
  {
    name: 'Redis',
    available: redisAvailable,
    open: (generationOf: GenerationOf): Broker =>
      new RedisBroker({
        url: redis?.url ?? '',
        prefix: `ready${(prefixes += 1)}:`,
        generationOf,
        headCheckMs: 20,
        log: quiet,
        commandTimeoutMs: 30_000,
      }),
  },
];

for (const { name, available, open } of BACKENDS) {
  for (const wire of [sseWire, websocketWire]) {
    (available() ? describe : describe.skip)(`after a reset, in ${name}, over ${wire.name}`, () => {
      let generation: number;
      let broker: Broker;
      let hub: Hub;

      before(async () => {
        if (name === 'Redis') redis = await startRedisServer();
      });
      after(async () => {
        await redis?.stop();
        redis = null;
      });
      beforeEach(async () => {
        generation = 1;
        broker = open(() => generation);
        hub = coreHub({ broker, clock: systemClock });
        await broker.publish(MARKET_LOG, [TICK]);
      });
      afterEach(async () => {
        await hub.close();
        await broker.close();
      });

      async function read(channels: string, lastEventId: string | null): Promise<() => CollectedEvent[]> {
        const sink = new CollectingSink();
        await hub.open({
          id: 'one',
          owner: { userId: null, sessionId: null, expiresAt: null },
          channels: channelsOf(channels),
          lastEventId,
          replay: 'full',
          wire,
          sink,
          onOpen: () => undefined,
        });
        const events = (): CollectedEvent[] => eventsOf(wire, sink);
        await eventually(() => events().some(({ event }) => event === 'ready'), 'ready');
        return events;
      }

      const namesOf = (events: readonly CollectedEvent[]): string[] => events.map(({ event }) => event);

      it('a stream that resumes is ready once, with an id to go on from', async () => {
        const events = await read('ticker:A/B', OTHER_EPOCH);
        assert.deepEqual(namesOf(events()), ['reset', 'ticker', 'ready']);
        const again = await read('ticker:A/B', events().at(-1)?.id ?? null);
        assert.deepEqual(namesOf(again()), ['ready']);
      });

      it('a stream of two logs is ready once, on all its channels', async () => {
        const channels = ['ticker:A/B', `fills:${PORTFOLIO}`];
        const events = await read(channels.join(','), OTHER_EPOCH);
        assert.deepEqual(namesOf(events()).sort(), ['ready', 'reset', 'reset', 'ticker']);
        const [ready] = events().filter(({ event }) => event === 'ready');
        assert.deepEqual(ready?.data.channels, channels);
        const again = await read(channels.join(','), ready?.id ?? null);
        assert.deepEqual(namesOf(again()), ['ready']);
      });

      it('a stream that is live is ready once again, on the channels of each log that was reset', async () => {
        const channels = ['ticker:A/B', `fills:${PORTFOLIO}`];
        const events = await read(channels.join(','), null);
        assert.deepEqual(namesOf(events()), ['ticker', 'ready']);
        generation += 1;
        for (const log of [MARKET_LOG, portfolioLog(PORTFOLIO)]) await broker.head(log);
        await eventually(() => events().filter(({ event }) => event === 'ready').length >= 3, 'both resets');
        await broker.publish(MARKET_LOG, [TICK]);
        await eventually(() => events().at(-1)?.event === 'ticker', 'what comes after');
        const since = events().slice(2, -1);
        assert.deepEqual(namesOf(since), ['reset', 'ready', 'reset', 'ready']);
        const told = (name: string): string[] =>
          since.filter(({ event }) => event === name).flatMap(({ data }) => data.channels);
        for (const what of ['reset', 'ready']) assert.deepEqual(told(what).sort(), [...channels].sort());
      });
    });
  }
}
