import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import { AnswerCache, type CacheObserver, type Made, type Outcome } from '../../../lib/cache/answer-cache.ts';
import type { Wanted } from '../../../lib/cache/cached-answer.ts';
import { memoryTier, redisTier } from '../../../lib/cache/cache-tier.ts';
import { systemClock as clock } from '../../../lib/clock.ts';
import { fastRedis } from '../../../streams/redis/redis-connection.ts';
import { RedisLeases } from '../../../streams/redis/redis-leases.ts';
import { eventually } from '../../support/eventually.ts';
import { quiet } from '../../support/log-watch.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const TTL_MS = 60_000;
const LEASE_MS = 1_500;
const prices = new Map<string, string>();

function wanted(name: string, basis = 'v1', more: Partial<Wanted> = {}): Wanted {
  const versionOf = (symbol: string): string => prices.get(symbol) ?? '';
  return { kind: 'summary', owner: 'p1', name, basis, versionOf, staleMs: 0, ...more };
}

/** Makes numbered answers, each when it is let. */
class Maker {
  begun = 0;
  #gate: Promise<void> = Promise.resolve();
  open: () => void = () => undefined;

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  readonly make = async (): Promise<Made> => {
    this.begun += 1;
    const text = `answer ${this.begun}`;
    const watched = { BTC: prices.get('BTC') ?? '' };
    await this.#gate;
    return { watched, tag: `"${text}"`, text };
  };
}

/** The errors of the commands that are sent from now on. */
function errorsOf(redis: Redis): string[] {
  const errors: string[] = [];
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    command.promise.catch((error: Error) => errors.push(error.message));
    return send(command, stream);
  };
  return errors;
}

async function until(holds: () => boolean): Promise<void> {
  await eventually(holds, 'what the makers should have done', { everyMs: 0 });
}

async function memoryNode(more: { maxBytes?: number; ttlMs?: number } = {}): Promise<AnswerCache> {
  const { maxBytes = 1e6, ttlMs = TTL_MS } = more;
  const ttl = { prices: ttlMs, summary: ttlMs, statistics: ttlMs, candles: ttlMs };
  return new AnswerCache({ first: memoryTier({ maxBytes }), shared: null, leases: null, clock, ttlMs: ttl });
}

describe('AnswerCache', () => {
  let server: RedisServer | undefined;
  const connections: Redis[] = [];
  const nodes: AnswerCache[] = [];

  async function redisNode(more: { observer?: CacheObserver } = {}): Promise<AnswerCache> {
    assert.ok(server);
    const options = { clock, random: Math.random, log: quiet };
    const redis = fastRedis(server.url, {
      ...options,
      name: 'test',
      commandTimeoutMs: 250,
      reconnectOnTimeout: true,
    });
    connections.push(redis);
    await new Promise<void>((resolve) => void redis.once('ready', resolve));
    const ttlMs = { prices: TTL_MS, summary: TTL_MS, statistics: TTL_MS, candles: TTL_MS };
    const node = new AnswerCache({
      first: memoryTier({ maxBytes: 1e6 }),
      shared: await redisTier({ redis, prefix: 'marktide:cache' }),
      leases: new RedisLeases({
        ...options,
        redis,
        prefix: 'marktide:cache:',
        leaseMs: LEASE_MS,
        fenceMs: LEASE_MS,
      }),
      clock,
      ttlMs,
      ...more,
    });
    nodes.push(node);
    return node;
  }

  beforeEach(() => prices.clear());
  afterEach(async () => {
    server?.resume();
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    for (const redis of connections.splice(0)) redis.disconnect();
  });

  const backends = [
    { name: 'in memory', available: () => true },
    { name: 'on Redis, two nodes', available: redisAvailable },
  ];
  for (const backend of backends) {
    describe(backend.name, () => {
      let mine: AnswerCache;
      let theirs: AnswerCache;
      let maker: Maker;

      before(async function () {
        if (!backend.available()) this.skip();
        if (backend.name !== 'in memory') server = await startRedisServer();
      });
      after(async () => {
        await server?.stop();
        server = undefined;
      });
      beforeEach(async () => {
        maker = new Maker();
        if (server === undefined) mine = theirs = await memoryNode();
        else {
          await server.restart({ keepData: false });
          [mine, theirs] = [await redisNode(), await redisNode()];
        }
      });

      async function read(node: AnswerCache, want: Wanted): Promise<[string, Outcome]> {
        const { answer, outcome } = await node.read(want, maker.make);
        // What is told to others is told behind the answer.
        await node.close();
        return [answer.text, outcome];
      }

      it('gives what was made once to all who ask the same', async () => {
        assert.deepEqual(await read(mine, wanted('a')), ['answer 1', 'miss']);
        for (const node of [mine, theirs, theirs])
          assert.deepEqual(await read(node, wanted('a')), ['answer 1', 'hit']);
        assert.deepEqual(await read(theirs, wanted('b')), ['answer 2', 'miss']);
        assert.deepEqual(await read(mine, wanted('a', 'v1', { owner: 'p2' })), ['answer 3', 'miss']);
        assert.deepEqual(await read(mine, wanted('a', 'v1', { kind: 'candles' })), ['answer 4', 'miss']);
      });

      it('gives nobody an answer of another basis than the reader has seen', async () => {
        await read(mine, wanted('a', 'v1'));
        assert.deepEqual(await read(theirs, wanted('a', 'v2')), ['answer 2', 'miss']);
        assert.deepEqual(await read(mine, wanted('a', 'v2')), ['answer 2', 'hit']);
        assert.deepEqual(await read(theirs, wanted('a', 'v1')), ['answer 3', 'miss']);
      });

      it('makes it anew when a price that it is made of has moved, and for no other', async () => {
        prices.set('BTC', '1');
        await read(mine, wanted('a'));
        prices.set('ETH', '7');
        assert.deepEqual(await read(theirs, wanted('a')), ['answer 1', 'hit']);
        prices.set('BTC', '2');
        assert.deepEqual(await read(theirs, wanted('a')), ['answer 2', 'miss']);
        assert.deepEqual(await read(mine, wanted('a')), ['answer 2', 'hit']);
      });

      it('makes it once however many ask at the same time', async () => {
        maker.hold();
        const asked = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? mine : theirs)).map((node) =>
          node.read(wanted('a'), maker.make),
        );
        await until(() => maker.begun > 0);
        maker.open();
        const answers = await Promise.all(asked);
        assert.equal(maker.begun, 1);
        assert.deepEqual(new Set(answers.map(({ answer }) => answer.text)), new Set(['answer 1']));
        assert.equal(answers.filter(({ outcome }) => outcome === 'miss').length, 1);
      });

      it('gives who has written meanwhile nothing that was begun before', async () => {
        maker.hold();
        const before = mine.read(wanted('a', 'v1'), maker.make);
        await until(() => maker.begun === 1);
        const after = [mine, theirs].map((node) => node.read(wanted('a', 'v2'), maker.make));
        maker.open();
        assert.equal((await before).answer.text, 'answer 1');
        for (const { answer } of await Promise.all(after)) assert.equal(answer.basis, 'v2');
        assert.equal(maker.begun, 2);
      });

      it('gives what is stale only to who takes it, marked, and makes it anew behind', async () => {
        prices.set('BTC', '1');
        await read(mine, wanted('a'));
        prices.set('BTC', '2');
        const patient = wanted('a', 'v1', { staleMs: 30_000 });
        const { answer, outcome } = await theirs.read(patient, maker.make);
        assert.deepEqual([answer.text, outcome], ['answer 1', 'stale']);
        await theirs.close();
        assert.deepEqual(await read(theirs, patient), ['answer 2', 'hit']);
        prices.set('BTC', '3');
        assert.deepEqual(await read(mine, wanted('a')), ['answer 3', 'miss']);
        const moved = wanted('a', 'v2', { staleMs: 30_000 });
        assert.deepEqual(await read(mine, moved), ['answer 4', 'miss'], 'a ledger is never behind');
      });

      it('throws what the making throws to all who wait, and keeps nothing', async () => {
        const fail = async (): Promise<Made> => await Promise.reject(new Error('no'));
        const asked = [mine, mine, mine].map((node) => node.read(wanted('a'), fail));
        for (const one of asked) await assert.rejects(one, /no/);
        assert.deepEqual(await read(mine, wanted('a')), ['answer 1', 'miss']);
      });
    });
  }

  it('keeps nothing for longer than it may', async () => {
    const node = await memoryNode({ ttlMs: 40 });
    const maker = new Maker();
    await node.read(wanted('a'), maker.make);
    const isMade = async (): Promise<boolean> => (await node.read(wanted('a'), maker.make)).outcome !== 'hit';
    await eventually(isMade, 'an answer that is made anew');
  });

  it('keeps nothing without a tier, but makes one answer for all who ask at the same time', async () => {
    const ttlMs = { prices: TTL_MS, summary: TTL_MS, statistics: TTL_MS, candles: TTL_MS };
    const node = new AnswerCache({ first: null, shared: null, leases: null, clock, ttlMs });
    const maker = new Maker();
    maker.hold();
    const ask = (): Promise<{ answer: { text: string }; outcome: Outcome }> =>
      node.read(wanted('a'), maker.make);
    const first = ask();
    await until(() => maker.begun > 0);
    prices.set('BTC', 'moved');
    const later = Array.from({ length: 40 }, ask);
    maker.open();
    assert.deepEqual([(await first).answer.text, (await first).outcome], ['answer 1', 'miss']);
    for (const { answer } of await Promise.all(later)) assert.equal(answer.text, 'answer 2');
    assert.equal(maker.begun, 2);
    assert.equal((await node.read(wanted('a'), maker.make)).outcome, 'miss');
  });

  it('is bounded: what was asked for least recently goes', async () => {
    const node = await memoryNode({ maxBytes: 200_000 });
    const text = 'x'.repeat(10_000);
    const make = async (): Promise<Made> => ({ watched: {}, tag: '""', text });
    for (let n = 0; n < 200; n += 1) await node.read(wanted(`n${n}`), make);
    let kept = 0;
    for (let n = 199; n >= 0; n -= 1) {
      const { outcome } = await node.read(wanted(`n${n}`), make);
      if (outcome === 'miss') break;
      kept += 1;
    }
    assert.ok(kept >= 10 && kept < 20, `${kept} of 10 kB in 200 kB`);
  });

  (redisAvailable() ? describe : describe.skip)('on a Redis that has trouble', () => {
    let maker: Maker;
    before(async () => {
      server = await startRedisServer();
    });
    after(async () => {
      await server?.stop();
      server = undefined;
    });
    beforeEach(async () => {
      maker = new Maker();
      await server?.restart({ keepData: false });
    });

    it('has keys that name format, kind and owner, all of which go by themselves', async () => {
      const node = await redisNode();
      await node.read(wanted('listThings:1'), maker.make);
      await node.close();
      const [redis] = connections;
      const keys = (await redis?.keys('*')) ?? [];
      // Of the lease nothing is left but its last fence, for a moment.
      const answers = keys.filter((key) => !key.endsWith(':fence'));
      assert.deepEqual(answers, ['marktide:cache:1:summary:p1:listThings:1']);
      for (const key of keys) {
        const left = (await redis?.pttl(key)) ?? -1;
        assert.ok(left !== -1 && left <= (answers.includes(key) ? TTL_MS : LEASE_MS), `${key} ${left}`);
      }
    });

    it('waits for a maker that has died no longer than its turn, and then makes it', async () => {
      const [mine, theirs] = [await redisNode(), await redisNode()];
      const [redis] = connections;
      // As a process leaves it that has ended in the middle.
      await redis?.set('marktide:cache:{lease:1:summary:p1:a}', 'dead', 'PX', LEASE_MS);
      const answers = await Promise.all([mine, theirs].map((node) => node.read(wanted('a'), maker.make)));
      assert.deepEqual(
        answers.map(({ answer }) => answer.text),
        ['answer 1', 'answer 1'],
      );
    });

    it('does not wait for a maker that goes on for ever', async () => {
      const [mine, theirs] = [await redisNode(), await redisNode()];
      maker.hold();
      const first = mine.read(wanted('a'), maker.make);
      await until(() => maker.begun === 1);
      const quick = new Maker();
      const { answer, outcome } = await theirs.read(wanted('a'), quick.make);
      assert.deepEqual([answer.text, outcome, quick.begun], ['answer 1', 'miss', 1]);
      maker.open();
      await first;
    }).timeout(30_000);

    for (const trouble of ['frozen', 'dead'] as const) {
      it(`answers while it is ${trouble}, from its own memory or by making it, and soon`, async () => {
        const node = await redisNode();
        await node.read(wanted('a'), maker.make);
        await node.close();
        if (trouble === 'frozen') server?.pause();
        else await server?.kill('SIGKILL');
        assert.equal((await node.read(wanted('a'), maker.make)).outcome, 'hit');
        assert.equal((await node.read(wanted('b'), maker.make)).outcome, 'miss');
        // One command was waited for at most. From now on none is, until Redis is back.
        const errors = errorsOf(connections[0] ?? assert.fail());
        for (const name of ['c', 'd', 'e']) {
          assert.equal((await node.read(wanted(name), maker.make)).outcome, 'miss');
          assert.equal((await node.read(wanted(name), maker.make)).outcome, 'hit');
        }
        assert.ok(errors.length > 0 && !errors.includes('Command timed out'), String(errors));
        if (trouble === 'frozen') server?.resume();
        else await server?.restart({ keepData: false });
        const other = await redisNode();
        // Once it is back answers are shared again.
        let n = 0;
        const isShared = async (): Promise<boolean> => {
          n += 1;
          await node.read(wanted(`again${n}`), maker.make);
          await node.close();
          return (await other.read(wanted(`again${n}`), maker.make)).outcome === 'hit';
        };
        await eventually(isShared, 'a shared answer');
      });
    }
  });
});
