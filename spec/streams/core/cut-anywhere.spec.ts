import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { EventParser } from '../../../lib/client/event-parser.ts';
import { systemClock } from '../../../lib/clock.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';

/** What a client has of a stream that was cut: its events, and the id it resumes by. */
interface Seen {
  events: string[];
  lastEventId: string;
}

/** An event in short. Some of them carry letters of several bytes. */
function inShort(event: string, data: string): string {
  const { price, trade } = JSON.parse(data);
  return [event, price ?? trade?.note ?? ''].join(' ');
}

function byIndependentParser(bytes: Buffer, origin: string): Seen {
  const seen: Seen = { events: [], lastEventId: origin };
  const parser = createParser({
    onEvent: ({ event = 'message', id, data }) => {
      if (event !== 'ready') seen.events.push(inShort(event, data));
      seen.lastEventId = id ?? seen.lastEventId;
    },
  });
  parser.feed(new TextDecoder().decode(bytes, { stream: true }));
  return seen;
}

function byOwnParser(bytes: Buffer, origin: string): Seen {
  const parser = new EventParser(origin);
  const decoder = new TextDecoder();
  const events: string[] = [];
  for (let from = 0; from < bytes.length; from += 100) {
    for (const { event, data } of parser.feed(
      decoder.decode(bytes.subarray(from, from + 100), { stream: true }),
    )) {
      if (event !== 'ready') events.push(inShort(event, data));
    }
  }
  return { events, lastEventId: parser.lastEventId ?? '' };
}

/** A client that takes each line as it comes: an event with its `data`, an id with its `id`. */
function byLines(bytes: Buffer, origin: string): Seen {
  const seen: Seen = { events: [], lastEventId: origin };
  let event = '';
  for (const line of bytes.toString().split('\n').slice(0, -1)) {
    const [field = '', value = ''] = line.split(/:(.*)/s);
    if (field === 'event') event = value;
    if (field === 'data' && event !== 'ready') seen.events.push(inShort(event, value));
    if (field === 'id') seen.lastEventId = value;
  }
  return seen;
}

/** The line of the README that finds the last id in what `curl` has written. */
async function recipe(): Promise<string> {
  const readme = await readFile('README.md', 'utf8');
  const [line] = /^LAST=.*seen\.txt.*$/m.exec(readme) ?? [];
  assert.ok(line, 'the README resumes with curl');
  return line;
}

/** What that line finds after each of the cuts, in a real shell. */
async function lastIdsByShell(bytes: Buffer, cuts: readonly number[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'marktide-cuts-'));
  try {
    // Here rather than by `head`: thousands of processes are started as it is.
    for (const cut of cuts) {
      await mkdir(join(folder, String(cut)));
      await writeFile(join(folder, String(cut), 'seen.txt'), bytes.subarray(0, cut));
    }
    const script = `for n in "$@"; do cd "$n"; ${await recipe()}; echo "$LAST"; cd ..; done`;
    const shell = spawn('sh', ['-c', script, 'sh', ...cuts.map(String)], { cwd: folder });
    let said = '';
    shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(shell, 'close');
    assert.equal(code, 0);
    return said.split('\n').slice(0, -1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('a stream that is cut at any byte', () => {
  let app: TestApp;
  let admin: TestUser;
  let path: string;
  let origin: string;
  let whole: Buffer;
  let events: string[];
  /** What comes after each id. */
  const rests = new Map<string, string[]>();

  function open(lastEventId: string | null, headers: Record<string, string> = {}): StreamClient {
    return new StreamClient(app.url + path, {
      headers: { authorization: admin.authorization, ...headers },
      lastEventId,
    });
  }

  before(async () => {
    // Time stands still: a price that grows old while all cuts are tried would be one more event.
    const now = Date.now();
    app = await startApp({ clock: { ...systemClock, now: () => now } });
    admin = await app.user('admin');
    const body = { name: 'Mine', cashMode: 'untracked' };
    const portfolioId: string = (await app.call('POST', '/v1/portfolios', { as: admin, body })).body.id;
    path = `/v1/streams?channels=ticker:BTC/KRW,trade:BTC/KRW,fills:${portfolioId}`;
    const start = open(null);
    await start.ready();
    origin = start.lastEventId ?? '';
    start.cut();
    for (const n of [1, 2]) {
      const trade = { externalId: String(n), symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '5' };
      const time = '2026-03-02T09:00:00.000Z';
      const fill = { ...trade, time, note: `매수 ${n} — “first” \u{1F680}` };
      assert.equal(
        (await app.call('POST', `/v1/portfolios/${portfolioId}/trades`, { as: admin, body: fill })).status,
        201,
      );
      const tick = { symbol: 'BTC/KRW', price: String(100 + n), quantity: '1', side: 'buy' };
      assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body: tick })).status, 200);
    }
    const client = open(origin);
    await client.until(() => client.of('fill').length === 2 && client.of('ready').length === 1);
    whole = Buffer.from(client.body);
    client.cut();
    ({ events } = byIndependentParser(whole, origin));
    assert.equal(events.length, 6, 'two fills, tickers and trades');
  });
  after(() => app.close());

  /** What a client gets that comes back with an id. */
  async function rest(id: string): Promise<string[]> {
    const known = rests.get(id);
    if (known) return known;
    const client = open(id);
    await client.ready();
    client.cut();
    assert.equal(client.of('reset').length, 0);
    const found = byIndependentParser(Buffer.from(client.body), id).events;
    rests.set(id, found);
    return found;
  }

  const readers = { byIndependentParser, byOwnParser, byLines };
  for (const [name, read] of Object.entries(readers)) {
    it(`loses and repeats nothing for a client that reads ${name}`, async () => {
      for (let cut = 0; cut <= whole.length; cut += 1) {
        const { events: seen, lastEventId } = read(whole.subarray(0, cut), origin);
        const rest_ = await rest(lastEventId);
        // A client that takes lines as they come may have an event without its id, and then gets it once more.
        const isOnce = name !== 'byLines' || seen.length + rest_.length === events.length;
        const all = isOnce ? [...seen, ...rest_] : [...seen.slice(0, -1), ...rest_];
        assert.deepEqual(all, events, `cut after ${cut} bytes`);
      }
    });
  }

  it('loses and repeats nothing for the curl line of the README', async function () {
    this.timeout(180_000);
    const cuts = Array.from({ length: whole.length + 1 }, (_, cut) => cut);
    const ids = await lastIdsByShell(whole, cuts);
    for (const cut of cuts) {
      const expected = byIndependentParser(whole.subarray(0, cut), '').lastEventId;
      assert.equal(ids[cut], expected, `cut after ${cut} bytes`);
    }
  });

  it('has the id as the last member over NDJSON and WebSocket, too', async () => {
    const ndjson = open(origin, { accept: 'application/x-ndjson' });
    await ndjson.until(() => ndjson.body.includes('"ready"'), 'ready');
    ndjson.cut();
    const messages: string[] = [];
    const socket = new SocketClient(`${app.url}${path.replace('/streams', '/ws')}&lastEventId=${origin}`, {
      headers: { authorization: admin.authorization },
    });
    socket.ws.on('message', (data: Buffer) => messages.push(data.toString()));
    await socket.ready();
    socket.cut();
    for (const lines of [ndjson.body.split('\n').slice(0, -1), messages]) {
      const withId = lines.filter((line) => 'id' in JSON.parse(line));
      assert.equal(withId.length, events.length + 1, 'all events and `ready`');
      for (const line of withId)
        assert.match(line, /^\{"event":"\w+","data":\{.*\},"id":"[A-Za-z0-9._~-]+"\}$/);
    }
  });
});
