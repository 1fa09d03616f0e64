import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { pushTicks, tally, type TickLoad } from '../deploy/tick-load.ts';
import { type ProxiedFleet, startProxiedFleet } from '../deploy/proxied-fleet.ts';
import { eventually } from '../support/eventually.ts';
import { nginxAvailable } from '../support/nginx.ts';
import { logIn } from '../support/node-process.ts';
import { type Pgbouncer, pgbouncerAvailable, startPgbouncer } from '../support/pgbouncer.ts';
import { type PostgresServer, postgresAvailable, startPostgres } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { ResumingReader } from '../support/resuming-reader.ts';
import { Bot } from './bot.ts';
import { tellRow } from './fault-table.ts';
import { FillReader } from './fill-reader.ts';
import { fillMemory, freeMemory, isAlive } from './memory-limit.ts';
import { say } from './say.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { LOG, Told } from './told.ts';

const FAULT_MS = 4_000;
/** What was under way when the fault began has ended by then. */
const SETTLED_MS = 1_000;
const LOOK_MS = 500;
const HEALED_MS = 30_000;
const READERS = 2;
/** Whoever waits for longer has noticed something. */
const NOTICED_MS = 5_000;
/** How long a bot waits where nobody tells it that its connection is dead, and a reader, as `marktide/client`. */
const DEADLINE_MS = 10_000;
const SILENCE_MS = 25_000;
const MIB = 1_048_576;
/** As the tests set it up. */
const ADMIN = { email: 'admin@marktide.local', password: 'the admin of a test' };

const isRunnable = postgresAvailable() && redisAvailable() && nginxAvailable() && pgbouncerAvailable();

interface Fault {
  what: string;
  how: string;
  begin: () => void | Promise<void>;
  end: () => void | Promise<void>;
  /** Who must be told, and how; `null` where nobody may notice anything. */
  tells: RegExp | null;
  /** What writers may be answered meanwhile, `0` for nothing at all; nothing but success if it is not said. */
  refusals?: readonly number[];
  /** Readers may have to come back. */
  endsStreams?: boolean;
  /** Nothing tells clients that their connection is dead: they need deadlines of their own. */
  isUnseen?: boolean;
  /** It lasts until something has been refused: there may be room for some. */
  isFelt?: boolean;
  /** One of the few of a short run. */
  isShort?: boolean;
  needsDisk?: boolean;
  /** Writers book lists of 180 KB as well, which need disk or memory: of the fleet, or of the one node. */
  lists?: 'fleet' | 'node';
}

/** The longest that what was acknowledged took to arrive, looked at now and then. */
class Delay {
  ticks = 0;
  fills = 0;

  lookAtTicks(readers: readonly ResumingReader[], { sent, sentAt }: TickLoad): void {
    for (const reader of readers) {
      const missing = sent.findIndex((price) => price > reader.latest);
      if (missing >= 0) this.ticks = Math.max(this.ticks, performance.now() - (sentAt[missing] ?? 0));
    }
  }

  lookAtFills({ told }: FillReader, { acknowledgedAt }: Bot): void {
    for (const [id, at] of acknowledgedAt) {
      if (told.has(id)) continue;
      this.fills = Math.max(this.fills, performance.now() - at);
      return;
    }
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/**
 * Everything that a fleet consists of, each part with each way to fail: nginx → two nodes → PgBouncer → PostgreSQL, and
 * Redis. A bot books, and readers read, through nginx all the time.
 */
(isRunnable ? describe : describe.skip)('whatever fails', function () {
  this.timeout(180_000);
  const disks: SmallDisk[] = [];
  let [ofDatabase, ofRedis, ofProxy, ofLog, ofPooler]: (SmallDisk | undefined)[] = [];
  let postgres: PostgresServer;
  let pooler: Pgbouncer;
  let redis: RedisServer;
  let toDatabase: SlowProxy;
  let toPooler: SlowProxy;
  let toRedis: SlowProxy;
  let toNode: SlowProxy;
  let toProxy: SlowProxy;
  let fleet: ProxiedFleet;
  let url: string;
  let authorization: string;

  function newDisk(megabytes: number): SmallDisk | undefined {
    const disk = mountSmallDisk(megabytes) ?? undefined;
    if (disk !== undefined) disks.push(disk);
    return disk;
  }

  before(async () => {
    [ofDatabase, ofRedis, ofProxy, ofLog, ofPooler] = [256, 48, 8, 2, 1].map(newDisk);
    const parentOf = (disk: SmallDisk | undefined) => disk && { parent: disk.folder };
    postgres = await startPostgres({ durable: true, ...parentOf(ofDatabase) });
    toDatabase = await startSlowProxy(postgres.port);
    pooler = await startPgbouncer({
      port: toDatabase.port,
      mode: 'transaction',
      parent: ofPooler?.folder,
    });
    toPooler = await startSlowProxy(Number(new URL(pooler.through(postgres.url)).port));
    redis = await startRedisServer({ persistent: true, ...parentOf(ofRedis) });
    toRedis = await startSlowProxy(redis.port);
    fleet = await startProxiedFleet(
      `postgres://postgres@127.0.0.1:${toPooler.port}/postgres`,
      {
        REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
        DEMO: 'false',
        LOG_LEVEL: 'warn',
      },
      {
        ports: async ([one, two]) => {
          toNode = await startSlowProxy(one);
          return [toNode.port, two];
        },
        logTo: logFile() ?? undefined,
        proxyIn: ofProxy?.folder,
      },
    );
    toProxy = await startSlowProxy(Number(new URL(fleet.proxy.url).port));
    url = `http://127.0.0.1:${toProxy.port}`;
    authorization = await logIn(url);
  });
  after(async () => {
    pooler?.resume();
    redis?.resume();
    await fleet?.stop();
    for (const way of [toProxy, toNode, toPooler, toDatabase, toRedis]) await way?.close();
    await pooler?.stop();
    await postgres?.stop();
    await redis?.stop();
    for (const disk of disks) disk.unmount();
  });

  const logFile = (): string | null => (ofLog === undefined ? null : `${ofLog.folder}/log`);

  async function configureRedis(...settings: [string, string][]): Promise<void> {
    const admin = new Redis(redis.url);
    try {
      for (const [name, value] of settings) await admin.config('SET', name, value);
    } finally {
      admin.disconnect();
    }
  }

  // What a test that fails would leave running.
  const atEnd: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of atEnd.splice(0)) await end();
  });

  const cut = (way: () => SlowProxy): Pick<Fault, 'how' | 'begin' | 'end'> => ({
    how: 'cut off without a word',
    begin: () => void (way().isSilent = true),
    end: () => void (way().isSilent = false),
  });
  const slow = (way: () => SlowProxy): Pick<Fault, 'how' | 'begin' | 'end'> => ({
    how: '200 ms slower each way',
    begin: () => void (way().delayMs = 200),
    end: () => void (way().delayMs = 0),
  });
  const fullDisk = (disk: () => SmallDisk | undefined): Omit<Fault, 'what' | 'tells'> => ({
    how: 'disk full',
    begin: () => disk()?.fill(),
    end: () => disk()?.free(),
    needsDisk: true,
    lists: 'fleet',
  });
  /** More connections than PgBouncer has had so far, as many as it takes. */
  async function crowdPooler(): Promise<void> {
    const connectionString = pooler.through(postgres.url);
    const crowd = Array.from({ length: 75 }, () => new Client({ connectionString }));
    for (const client of crowd) client.on('error', () => undefined);
    await Promise.allSettled(
      crowd.map(async (client) => {
        await client.connect();
        await client.query("select repeat('x', 100000)");
      }),
    );
    await Promise.allSettled(crowd.map((client) => client.end()));
  }
  const one = (): number => fleet.nodes[0].pid;
  const OUTSIDE = /^from outside: /;
  const NO_BROKER = /^\/readyz: `broker`$/;
  const NO_DATABASE = /^writers: 503$|^\/readyz: `database`$/;
  const FAULTS: Fault[] = [
    {
      what: 'a node',
      how: 'killed, started again',
      begin: () => void process.kill(one(), 'SIGKILL'),
      tells: /^\/readyz: no answer$/,
      refusals: [502],
      endsStreams: true,
      end: async () => void (await fleet.restart(0, 'SIGKILL')),
    },
    {
      what: 'a node',
      how: 'frozen',
      begin: () => void process.kill(one(), 'SIGSTOP'),
      tells: /^\/readyz: no answer$/,
      end: () => void process.kill(one(), 'SIGCONT'),
    },
    { what: 'a node', ...slow(() => toNode), tells: /^the proxy's access log: .* takes longer/ },
    {
      what: 'a node',
      ...cut(() => toNode),
      tells: /^the end of streams$/,
      // The node may end its side before the proxy gives it up.
      refusals: [502, 504],
      endsStreams: true,
    },
    { what: 'a node', ...fullDisk(() => ofLog), isShort: true, tells: /^log: the log could not be written/ },
    {
      what: 'a node',
      how: 'memory full: it ends itself, and is started again',
      lists: 'node',
      begin: () => fillMemory(one(), 64 * MIB),
      end: async () => {
        assert.equal(isAlive(one()), false, 'its memory was not full');
        await fleet.restart(0, 'SIGKILL');
      },
      tells: /^its last line: "FATAL ERROR: .* out of memory"$/,
      refusals: [502],
      endsStreams: true,
      isShort: true,
    },
    {
      what: 'the proxy',
      how: 'killed, started again',
      begin: () => fleet.proxy.kill('all'),
      tells: /^from outside: no answer$/,
      refusals: [0],
      endsStreams: true,
      end: () => fleet.proxy.restart(),
      isShort: true,
    },
    {
      what: 'the proxy',
      how: 'frozen',
      begin: () => fleet.proxy.pause(),
      end: () => fleet.proxy.resume(),
      tells: OUTSIDE,
    },
    { what: 'the proxy', ...slow(() => toProxy), tells: OUTSIDE },
    {
      what: 'the proxy',
      ...cut(() => toProxy),
      isUnseen: true,
      tells: /^from outside: no answer$/,
      refusals: [0],
      endsStreams: true,
    },
    { what: 'the proxy', ...fullDisk(() => ofProxy), tells: /^the proxy's log$/ },
    {
      what: 'the proxy',
      how: 'memory full: its workers are killed',
      begin: () => fleet.proxy.kill('workers'),
      tells: /^the proxy's log$/,
      refusals: [0],
      endsStreams: true,
      end: () => undefined,
    },
    {
      what: 'Redis',
      how: 'killed, started again',
      begin: () => redis.kill('SIGKILL'),
      tells: NO_BROKER,
      end: () => redis.restart({ keepData: true }),
    },
    {
      what: 'Redis',
      how: 'frozen',
      begin: () => redis.pause(),
      end: () => redis.resume(),
      tells: NO_BROKER,
    },
    { what: 'Redis', ...slow(() => toRedis), tells: /^\/metrics: events/ },
    { what: 'Redis', ...cut(() => toRedis), isShort: true, tells: NO_BROKER },
    {
      what: 'Redis',
      ...fullDisk(() => ofRedis),
      tells: NO_BROKER,
      // Its default. With `always` it ends itself, and is then as one that was killed.
      begin: async () => {
        await configureRedis(['appendfsync', 'everysec']);
        ofRedis?.fill();
      },
      end: async () => {
        ofRedis?.free();
        await configureRedis(['appendfsync', 'always']);
      },
    },
    {
      what: 'Redis',
      how: 'memory full',
      begin: () => configureRedis(['maxmemory', '1']),
      tells: NO_BROKER,
      end: () => configureRedis(['maxmemory', '0']),
    },
    {
      what: 'PostgreSQL',
      how: 'killed, started again',
      begin: () => postgres.kill('SIGKILL'),
      tells: NO_DATABASE,
      refusals: [503],
      end: () => postgres.restart(),
    },
    {
      what: 'PostgreSQL',
      how: 'frozen',
      begin: () => postgres.pause(),
      end: () => postgres.resume(),
      tells: /^\/readyz: (?:no answer|`database`)$/,
    },
    { what: 'PostgreSQL', ...slow(() => toDatabase), tells: /^\/metrics: requests/ },
    { what: 'PostgreSQL', ...cut(() => toDatabase), tells: NO_DATABASE, refusals: [503] },
    { what: 'PostgreSQL', ...fullDisk(() => ofDatabase), tells: NO_DATABASE, refusals: [503], isFelt: true },
    {
      what: 'PostgreSQL',
      how: 'memory full',
      lists: 'fleet',
      begin: () => fillMemory(postgres.pid, 8 * MIB),
      tells: NO_DATABASE,
      refusals: [503],
      isFelt: true,
      end: () => freeMemory(postgres.pid),
    },
    {
      what: 'PgBouncer',
      how: 'killed, started again',
      begin: () => pooler.kill(),
      tells: NO_DATABASE,
      refusals: [503],
      end: () => pooler.restart(),
      isShort: true,
    },
    {
      what: 'PgBouncer',
      how: 'frozen',
      begin: () => pooler.pause(),
      end: () => pooler.resume(),
      tells: /^\/readyz: (?:no answer|`database`)$/,
    },
    { what: 'PgBouncer', ...slow(() => toPooler), tells: /^\/metrics: requests/ },
    { what: 'PgBouncer', ...cut(() => toPooler), tells: NO_DATABASE, refusals: [503] },
    // It keeps nothing but its log.
    { what: 'PgBouncer', ...fullDisk(() => ofPooler), tells: null },
    {
      what: 'PgBouncer',
      how: 'memory full',
      begin: () => {
        fillMemory(pooler.pid, MIB / 4);
        void crowdPooler();
      },
      tells: NO_DATABASE,
      refusals: [503],
      isFelt: true,
      end: () => freeMemory(pooler.pid),
    },
  ];

  for (const fault of process.env['ROUNDS'] === '1' ? FAULTS.filter(({ isShort }) => isShort) : FAULTS) {
    const { what, how } = fault;
    it(`${what}, ${how}: nothing is lost, and all is well within half a minute`, async function () {
      if (fault.needsDisk === true && disks.length === 0) this.skip();
      const { nodes } = fleet;
      const isUnseen = fault.isUnseen === true;
      const bot = new Bot(url, authorization, isUnseen ? DEADLINE_MS : null);
      await bot.openPortfolio();
      // Each node gets one of them.
      const readers = Array.from(
        { length: READERS },
        () => new ResumingReader(`${url}/v1/streams?channels=trade:BTC/KRW`, isUnseen ? SILENCE_MS : null),
      );
      const fills = new FillReader(url, ADMIN, bot.portfolioId);
      atEnd.push(...[...readers, fills].map((reader) => () => reader.stop()));
      for (const reader of [...readers, fills]) await reader.ready();
      // Not by the way that fails: there must be something to be late with.
      const ticks = pushTicks(nodes[1].url, authorization);
      atEnd.push(() => ticks.stop());
      const lists = new Bot(fault.lists === 'node' ? nodes[0].url : url, authorization);
      await lists.openPortfolio();
      const answers: number[] = [];
      const booking = new AbortController();
      atEnd.push(() => booking.abort());
      const booked = (async () => {
        while (!booking.signal.aborted) {
          const before = performance.now();
          await bot.book();
          answers.push(performance.now() - before);
        }
      })();
      await eventually(() => answers.length >= 5, 'the first bookings');

      const delay = new Delay();
      const looking = setInterval(() => {
        delay.lookAtTicks(readers, ticks);
        delay.lookAtFills(fills, bot);
      }, 50);
      atEnd.push(() => clearInterval(looking));
      const told = new Told(fleet, url, logFile());
      atEnd.push(() => told.stop());
      let isOver = false;
      atEnd.push(async () => {
        if (!isOver) await fault.end();
      });
      await fault.begin();
      const asked = Promise.all(
        Array.from({ length: fault.lists === undefined ? 0 : fault.lists === 'node' ? 4 : 1 }, async () => {
          while (!booking.signal.aborted) {
            const status = await lists.book(300, { note: 'x'.repeat(400) });
            if (status === 0) await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
      const looked = told.lookAtFigures();
      await new Promise((resolve) => setTimeout(resolve, FAULT_MS - SETTLED_MS));
      const lookedAgain = looked.then(() => told.lookAtFigures());
      // Of a node that is frozen they cannot be had.
      await Promise.race([lookedAgain, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
      const isFelt = (): boolean => fault.isFelt !== true || lists.refused.size + bot.refused.size > 0;
      await eventually(isFelt, 'a refusal', { withinMs: 20_000 });
      isOver = true;
      await fault.end();
      const over = performance.now();
      await lookedAgain;
      booking.abort();
      await booked;
      await asked;
      await bot.bookUntil(201);
      const last = await ticks.finish();
      for (const reader of readers) await reader.has(last);
      const notTold = (): string[] => [...bot.acknowledged].filter((id) => !fills.told.has(id));
      await eventually(() => fills.resets > 0 || notTold().length === 0, 'the fills', { withinMs: 60_000 });
      for (const node of nodes) {
        const isReady = async (): Promise<boolean> => (await fetch(`${node.url}/readyz`)).status === 200;
        await eventually(isReady, 'a node that is ready', { everyMs: 50 });
      }
      const healedMs = performance.now() - over;
      delay.lookAtTicks(readers, ticks);
      for (const reader of [...readers, fills]) {
        await reader.stop();
        for (const code of reader.notices) if (code !== 'restored') told.add(`\`${code}\``);
      }
      const refusals = new Map(bot.refused);
      for (const [status, count] of fault.lists === 'fleet' ? lists.refused : [])
        refusals.set(status, (refusals.get(status) ?? 0) + count);
      for (const [status] of refusals) told.add(status === 0 ? 'writers: no answer' : `writers: ${status}`);
      const reconnects = sum(readers.map(({ connections }) => connections - 1)) + fills.reconnects;
      if (reconnects > 0) told.add('the end of streams');
      const { tells } = fault;
      if (tells !== null)
        await eventually(() => told.has(tells), `one who tells ${tells}`, { withinMs: 10_000 });
      await told.stop();
      const resets = sum(readers.map((reader) => reader.resets)) + fills.resets;
      const lost = readers.map((reader) => tally(ticks.sent, reader.prices).lost);
      const slowest = Math.max(...answers);
      await bot.assertKept();
      if (fault.lists !== undefined) await lists.assertKept();
      for (const line of told.list().filter((each) => each.startsWith(LOG))) say(line);
      const refused = [...refusals].map(([status, count]) => `${count} × ${status || 'no answer'}`);
      tellRow('parts', {
        what,
        how,
        readers: [
          `ticks late by ${seconds(delay.ticks)}, fills by ${seconds(delay.fills)}`,
          ...(reconnects > 0 ? [counted(reconnects, 'reconnect')] : []),
          ...(resets > 0 ? [counted(resets, 'reset')] : []),
        ].join('; '),
        writers: [`slowest ${seconds(slowest)}`, ...refused].join('; '),
        told: told.inShort().join(', ') || 'nobody: it is not noticed',
        healed: seconds(healedMs),
        lost: `${sum(lost)} of ${ticks.sent.length} ticks, ${notTold().length} of ${bot.acknowledged.size} fills`,
      });
      const readsLate = Math.max(delay.ticks, delay.fills);
      assert.ok(healedMs < HEALED_MS, `it took ${Math.round(healedMs)} ms`);
      assert.ok(readsLate < HEALED_MS, `a reader was behind for ${Math.round(readsLate)} ms`);
      assert.ok(slowest < HEALED_MS, 'a writer waited for too long');
      if (tells === null)
        assert.ok(Math.max(readsLate, slowest) < NOTICED_MS, 'it is noticed, and nobody is told');
      for (const [index, reader] of readers.entries()) {
        assert.equal(reader.refusals, 0, 'an EventSource would have given up');
        if (reader.resets === 0) assert.equal(lost[index], 0, 'ticks are lost in silence');
      }
      assert.equal(fills.refusal, null);
      assert.equal(fills.repeated, 0, 'a fill was told twice');
      if (fault.endsStreams !== true) assert.equal(reconnects, 0, 'streams have ended');
      for (const [status] of refusals)
        assert.ok(fault.refusals?.includes(status) === true, `${status} was answered`);
    });
  }
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
