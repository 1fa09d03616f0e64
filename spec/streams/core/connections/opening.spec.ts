import assert from 'node:assert/strict';
import type { Hub } from '../../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../../streams/memory/memory-broker.ts';
import type { EndReason } from '../../../../streams/core/sink.ts';
import { sseWire } from '../../../../streams/transports/wires.ts';
import { channelsOf } from '../../../support/channels.ts';
import { watchedLogger } from '../../../support/log-watch.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { coreHub } from '../../../support/streams/core-hub.ts';

const portfolio = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;

describe('the opening of a stream', () => {
  let clock: VirtualClock;
  let broker: MemoryBroker;
  let hub: Hub;
  /** How each log that was asked for is opened, or not. */
  let asked: Map<string, { open: () => void; fail: () => void }>;
  let watched: number;
  let text: string;
  let endedFor: EndReason | null;
  let lines: string[];

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
    lines = [];
    const bounds = { events: 100, bytes: 1e6, ageMs: 1e9 };
    broker = new MemoryBroker({ clock, random: () => 0.5, bounds: () => bounds });
    hub = coreHub({
      broker,
      clock,
      logger: watchedLogger((line) => lines.push(line)),
      maxStreams: 10,
      maxStreamsPerUser: 10,
      maxStreamsPerAddress: 10,
      watchLog: (log) => () => watch(log),
      watchChannel: ({ name }) => (name.startsWith('holdings:') ? () => watch(name) : null),
    });
  });
  afterEach(async () => {
    const closing = hub.close();
    await clock.advance(5_000);
    await closing;
    assert.equal(watched, 0, 'somebody still watches');
    assert.equal(clock.pending, 0);
  });

  function open(channels: string, id = 's1'): void {
    void hub.open({
      id,
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

  it('logs an outage that ends many streams once a minute, with their count', async () => {
    const outage = async (): Promise<string[]> => {
      for (let n = 0; n < 9; n += 1) open(`pnl:${portfolio(n)}`, `s${n}`);
      await clock.advance(0);
      for (const { fail } of asked.values()) fail();
      await clock.advance(100);
      assert.equal(endedFor, 'unavailable');
      return lines.splice(0);
    };
    const told = (all: string[]): [message: string, repeated: unknown][] =>
      all
        .map((line) => JSON.parse(line))
        .filter(({ level }) => level >= 40)
        .map(({ msg, repeated }) => [msg, repeated]);
    const LOG = 'a log cannot be kept up to date, trying again';
    const STREAM = 'a stream cannot be served at the moment';
    assert.deepEqual(told(await outage()), [
      [LOG, undefined],
      [STREAM, undefined],
    ]);
    await clock.advance(10_000);
    assert.deepEqual(told(await outage()), []);
    await clock.advance(60_000);
    const again = told(await outage());
    assert.deepEqual(
      again.map(([message]) => message),
      [LOG, STREAM],
    );
    assert.equal(again[1]?.[1], 17);
  });

  /** The channels that notices with this code name, notice by notice. */
  const noticed = (code: string): string[][] =>
    [...text.matchAll(/event:notice\ndata:(.*)\n/g)]
      .map(([, data = '']) => JSON.parse(data) as { code: string; channels: string[] })
      .filter((notice) => notice.code === code)
      .map(({ channels }) => channels);

  const [first, second] = [portfolio(1), portfolio(2)];
  const pnl = (id: string, equity: string): Promise<unknown> =>
    broker.publish(`portfolio:${id}`, [{ key: 'pnl', data: `{"type":"pnl","body":{"equity":"${equity}"}}` }]);

  it('shows a log as soon as it is there, however long another takes', async () => {
    await pnl(second, '2');
    open(`pnl:${first},pnl:${second}`);
    await clock.advance(0);
    asked.get(`portfolio:${second}`)?.open();
    await clock.advance(20);
    assert.match(text, /"equity":"2"/);
    assert.doesNotMatch(text, /event:ready\ndata:\{"channels":\["pnl:.*pnl:/);
    await pnl(second, '3');
    await clock.advance(100);
    assert.match(text, /"equity":"3"/, 'it is live, too');
    asked.get(`portfolio:${first}`)?.open();
    await clock.advance(20);
    assert.match(text, /event:ready/);
    assert.deepEqual(noticed('delayed'), []);
  });

  for (const [how, fail] of [
    ['fails', async (what: string) => asked.get(what)?.fail()],
    ['hangs', async () => clock.advance(15_000)],
  ] as const) {
    it(`says so for the channels of a log whose watch ${how}, and leaves the others running`, async () => {
      open(`pnl:${first},ledger:${first},pnl:${second},holdings:${second}`);
      await clock.advance(0);
      for (const [name, { open: answer }] of asked) if (name !== `portfolio:${first}`) answer();
      await fail(`portfolio:${first}`);
      await clock.advance(100);
      assert.equal(endedFor, null);
      assert.deepEqual(noticed('delayed'), [[`pnl:${first}`, `ledger:${first}`]]);
      assert.match(text, /event:ready/);
      await pnl(second, '2');
      await clock.advance(100);
      assert.match(text, /"equity":"2"/);
      await clock.advance(2_000);
      asked.get(`portfolio:${first}`)?.open();
      await pnl(first, '1');
      await clock.advance(100);
      assert.match(text, /"equity":"1"/);
      assert.deepEqual(noticed('restored'), [[`pnl:${first}`, `ledger:${first}`]]);
      assert.equal(watched, 3);
    });

    it(`says so for a channel whose own watch ${how}, and leaves the others running`, async () => {
      open(`pnl:${first},holdings:${first}`);
      await clock.advance(0);
      asked.get(`portfolio:${first}`)?.open();
      await fail(`holdings:${first}`);
      await clock.advance(100);
      assert.equal(endedFor, null);
      assert.deepEqual(noticed('delayed'), [[`holdings:${first}`]]);
      await clock.advance(2_000);
      asked.get(`holdings:${first}`)?.open();
      await clock.advance(100);
      assert.deepEqual(noticed('restored'), [[`holdings:${first}`]]);
    });

    it(`ends with the reason if every watch ${how}, and keeps nothing that comes later`, async () => {
      open(`pnl:${first},holdings:${second}`);
      await clock.advance(0);
      const late = how === 'hangs' ? [...asked.values()] : [];
      for (const what of asked.keys()) await fail(what);
      await clock.advance(100);
      assert.equal(endedFor, 'unavailable');
      assert.match(text, /"code":"unavailable"/);
      for (const { open: answer } of late) answer();
      await clock.advance(0);
      assert.equal(watched, 0);
    });
  }
});
