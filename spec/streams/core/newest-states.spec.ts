import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { systemClock } from '../../../lib/clock.ts';
import { type Broker, type LogBounds, type Payload } from '../../../streams/core/broker.ts';
import { MARKET_LOG } from '../../../streams/channels/logs.ts';
import { channelsOf } from '../../support/channels.ts';
import type { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { RedisBroker } from '../../../streams/redis/redis-broker.ts';
import { ndjsonWire } from '../../../streams/transports/wires.ts';
import { type CollectedEvent, CollectingSink } from '../../support/collecting-sink.ts';
import { LaggingBroker } from '../../support/lagging-broker.ts';
import { quiet } from '../../support/log-watch.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { runs } from '../../support/runs.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { coreHub } from '../../support/streams/core-hub.ts';

const BOUNDS: LogBounds = { events: 1_000_000, bytes: 2 ** 30, ageMs: 1e9 };
const SYMBOLS = ['A/X', 'B/X', 'C/X'];
const STATE_CHANNELS = [
  'ticker:A/X',
  'ticker:B/X',
  'ticker:*',
  'candle:A/X:1m',
  'candle:A/X:5m',
  'candle:*:5m',
];

/** What is published: of each symbol a ticker, trades and candles, whose versions are counted. */
class Publisher {
  readonly #broker: LaggingBroker;
  /** By the name of a channel with one symbol. */
  readonly versions = new Map<string, number>();
  trades = 0;

  constructor(broker: LaggingBroker) {
    this.#broker = broker;
  }

  async publish(kinds: readonly number[]): Promise<void> {
    await this.#broker.publish(
      MARKET_LOG,
      kinds.map((kind) => this.#payload(kind)),
    );
  }

  #next(channel: string): number {
    const version = (this.versions.get(channel) ?? 0) + 1;
    this.versions.set(channel, version);
    return version;
  }

  #payload(kind: number): Payload {
    const symbol = SYMBOLS[kind % SYMBOLS.length] ?? '';
    if (kind % 4 === 3) return this.#candles(symbol, kind % 8 === 3);
    const rest = {
      quantity: '1',
      side: null,
      time: '2026-01-01T00:00:00.000Z',
      exchange: null,
      simulated: false,
    };
    // A late trade is no state.
    const ticker =
      kind % 4 === 2
        ? null
        : {
            ...rest,
            symbol,
            price: String(this.#next(`ticker:${symbol}`)),
            high: '1',
            low: '1',
            volume: '1',
          };
    this.trades += 1;
    const trade = { symbol, tradeId: String(this.trades), price: '1', ...rest };
    const data = JSON.stringify({ type: 'tick', ticker, trade });
    return ticker === null ? { data } : { key: `ticker:${symbol}`, data };
  }

  #candles(symbol: string, isLongerUnchanged: boolean): Payload {
    const long = `candle:${symbol}:5m`;
    const unchanged = isLongerUnchanged && this.versions.has(long) ? ['5m'] : [];
    if (unchanged.length === 0) this.#next(long);
    const packed = (interval: string, trades: number): unknown[] => {
      const figures = ['1', '1', '1', '1', '1', '1'];
      return [interval, 0, ...figures, trades, 0, 0];
    };
    const candles = [
      packed('1m', this.#next(`candle:${symbol}:1m`)),
      packed('5m', this.versions.get(long) ?? 0),
    ];
    return { key: `candle:${symbol}`, data: JSON.stringify({ type: 'candle', symbol, candles, unchanged }) };
  }
}

/** A client with all that it has been told, over all its connections. */
class Client {
  readonly trades: number[] = [];
  readonly versions = new Map<string, number>();
  lastEventId: string | null = null;

  take(events: readonly CollectedEvent[]): void {
    for (const { event, id, data } of events) {
      assert.notEqual(event, 'reset');
      if (event === 'trade') this.trades.push(Number(data.tradeId));
      if (event === 'ticker') this.#learn(`ticker:${data.symbol}`, Number(data.price));
      if (event === 'candle') this.#learn(`candle:${data.symbol}:${data.interval}`, data.trades);
      this.lastEventId = id ?? this.lastEventId;
    }
  }

  #learn(channel: string, version: number): void {
    assert.ok(version >= (this.versions.get(channel) ?? 0), `${channel} went back to ${version}`);
    this.versions.set(channel, version);
  }
}

/** One connection, and what is published meanwhile: kinds of events. */
interface Turn {
  node: number;
  states: string[];
  /** Before, over and over, while the lagging node hears nothing of it; between pages of history; live. */
  before: number[];
  times: number;
  between: number[];
  live: number[];
  /** How many batches the lagging node has heard of before the client comes. */
  heard: number;
  /** Characters after which the connection is cut while it catches up; beyond its length: once it is live. */
  cut: number;
}

const kinds = (maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: 23 }), { maxLength, size: 'max' });

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    node: fc.nat({ max: 1 }),
    states: fc.oneof(
      fc.constant<string[]>(['ticker:*']),
      fc.uniqueArray(fc.constantFrom(...STATE_CHANNELS), { minLength: 1 }),
    ),
    before: kinds(20),
    // More than a page of history now and then.
    times: fc.oneof({ arbitrary: fc.nat({ max: 3 }), weight: 9 }, { arbitrary: fc.constant(120), weight: 1 }),
    between: kinds(4),
    live: kinds(6),
    heard: fc.nat({ max: 3 }),
    cut: fc.oneof(fc.nat({ max: 600 }), fc.nat({ max: 6_000 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  }),
  { minLength: 2, maxLength: 12 },
);

describe('the newest states', () => {
  const clock = new VirtualClock();

  function hubOn(broker: LaggingBroker): Hub {
    return coreHub({
      broker,
      clock,
      queueBytes: 50_000_000,
    });
  }

  async function follow(
    inner: readonly Broker[],
    replay: 'full' | 'latest',
    plan: readonly Turn[],
  ): Promise<void> {
    const brokers = inner.map((broker) => new LaggingBroker(broker));
    const [, lagging] = brokers;
    assert.ok(lagging);
    const publisher = new Publisher(lagging);
    const hubs = brokers.map(hubOn);
    const client = new Client();

    async function connect({ node, states, between, live, cut }: Turn): Promise<void> {
      const [hub, broker] = [hubs[node], brokers[node]];
      assert.ok(hub && broker);
      // What the ring holds when the client comes.
      const asOf = new Map(client.lastEventId === null ? [] : publisher.versions);
      let isFirst = true;
      broker.afterPage = async () => {
        if (isFirst) await publisher.publish(between);
        isFirst = false;
      };
      const sink = new CollectingSink();
      const subscriber = await hub.open({
        id: String(Math.random()),
        owner: { userId: null, sessionId: null, expiresAt: null },
        channels: channelsOf(['trade:*', ...states].join(',')),
        lastEventId: client.lastEventId,
        replay,
        wire: ndjsonWire,
        sink,
        onOpen: () => undefined,
      });
      broker.afterPage = null;
      if (cut < sink.text.length) {
        client.take(sink.upTo(cut));
        subscriber.closed();
        return;
      }
      const caughtUp = sink.text.length;
      client.take(sink.upTo(caughtUp));
      assert.ok(sink.of('ready').length > 0);
      for (const [channel, version] of asOf) {
        const { channel: name, wildcard } = namesOf(channel);
        if (!states.includes(name) && !states.includes(wildcard)) continue;
        assert.ok((client.versions.get(channel) ?? 0) >= version, `${channel} lacks ${version}`);
      }
      await publisher.publish(live);
      await clock.advance(20);
      client.take(sink.events.slice(sink.upTo(caughtUp).length));
      subscriber.closed();
    }

    try {
      // Somebody reads at either node, so that their views are there, and one of them lags.
      for (const hub of hubs) {
        await hub.open({
          id: 'resident',
          owner: { userId: null, sessionId: null, expiresAt: null },
          channels: channelsOf('ticker:*'),
          lastEventId: null,
          replay: 'full',
          wire: ndjsonWire,
          sink: new CollectingSink(),
          onOpen: () => undefined,
        });
      }
      const nothing = { before: [], times: 0, between: [], live: [], heard: 0 };
      const everything: Turn = { node: 0, states: STATE_CHANNELS, cut: Infinity, ...nothing };
      await connect(everything);
      for (const turn of plan) {
        lagging.isHolding = true;
        for (let n = 0; n < turn.times; n += 1) await publisher.publish(turn.before);
        lagging.release(turn.heard);
        await connect(turn);
      }
      lagging.release();
      await connect(everything);
      assert.deepEqual(
        client.trades,
        Array.from({ length: publisher.trades }, (_, index) => index + 1),
      );
      for (const [channel, version] of publisher.versions) {
        const { channel: name, wildcard } = namesOf(channel);
        if (STATE_CHANNELS.includes(name) || STATE_CHANNELS.includes(wildcard))
          assert.equal(client.versions.get(channel), version, channel);
      }
    } finally {
      for (const hub of hubs) await hub.close();
      for (const broker of brokers) await broker.close();
    }
  }

  function suite(open: () => Broker[], often: number): void {
    for (const replay of ['latest', 'full'] as const) {
      it(`reach a client whatever lags, wherever it is cut, and none goes back (${replay})`, async function () {
        this.timeout(300_000);
        await fc.assert(
          fc.asyncProperty(turns, (plan) => follow(open(), replay, plan)),
          { numRuns: runs(often) },
        );
      });
    }
  }

  describe('of a ring in memory', () => {
    suite(() => {
      const broker = new MemoryBroker({ clock, random: Math.random, bounds: () => BOUNDS });
      return [broker, broker];
    }, 100);
  });

  (redisAvailable() ? describe : describe.skip)('of a ring in Redis, on two nodes', () => {
    let redis: RedisServer;
    let count = 0;
    before(async () => {
      redis = await startRedisServer();
    });
    after(() => redis.stop());

    suite(() => {
      count += 1;
      const options = { url: redis.url, prefix: `run-${count}:`, clock: systemClock, random: Math.random };
      return [0, 1].map(() => new RedisBroker({ ...options, bounds: () => BOUNDS, log: quiet }));
    }, 20);
  });
});

function namesOf(channel: string): { channel: string; wildcard: string } {
  const [type = '', , interval] = channel.split(':');
  return { channel, wildcard: [type, '*', interval].filter((part) => part !== undefined).join(':') };
}
