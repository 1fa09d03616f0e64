import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createParser } from 'eventsource-parser';
import { WebSocket } from 'ws';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { packClone } from '../support/package-clone.ts';
import { redisAvailable, startRedisServer, type RedisServer } from '../support/redis-server.ts';
import { withParent } from '../support/with-parent.ts';

const TYPESCRIPT_7 = join(PACKAGE_ROOT, 'node_modules', 'typescript');
const TYPESCRIPT_5 = join(PACKAGE_ROOT, 'spec', 'generated-client', 'node_modules', 'typescript');
const CHANNEL = 'temperature:kitchen';

interface Reading {
  celsius: number;
  id: string;
}

/** A client of the example that keeps what it got, over any of the three formats. */
interface Follower {
  readonly readings: Reading[];
  readonly resets: unknown[];
  /** Resolves when there are so many readings, and the stream is in step. */
  until(readings: number): Promise<void>;
  cut(): void;
}

/** Collects messages, and wakes those who wait for them. */
function collector(
  cut: () => void,
): Follower & { take(event: string, data: unknown, id?: string): void; fail(error: unknown): void } {
  const readings: Reading[] = [];
  const resets: unknown[] = [];
  const waiting = new Set<() => void>();
  const stream: { isReady: boolean; failure: unknown } = { isReady: false, failure: null };
  const wake = (): void => {
    for (const each of waiting) each();
    waiting.clear();
  };
  return {
    readings,
    resets,
    cut,
    take(event, data, id) {
      if (event === 'temperature') readings.push({ celsius: (data as Reading).celsius, id: id ?? '' });
      if (event === 'reset') resets.push(data);
      if (event === 'ready') stream.isReady = true;
      wake();
    },
    fail(error) {
      stream.failure ??= error;
      wake();
    },
    async until(count) {
      while (readings.length < count || !stream.isReady) {
        if (stream.failure !== null) throw stream.failure;
        await new Promise<void>((resolve) => void waiting.add(resolve));
      }
    },
  };
}

type Follow = (url: string, lastEventId: string | null) => Follower;

function overHttp(
  accept: string,
  feedOf: (take: (event: string, data: unknown, id?: string) => void) => (text: string) => void,
): Follow {
  return (url, lastEventId) => {
    const aborter = new AbortController();
    const follower = collector(() => aborter.abort());
    const headers = { accept, ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) };
    const read = async (): Promise<void> => {
      const { status, body } = await fetch(`${url}/stream?channels=${CHANNEL}`, {
        headers,
        signal: aborter.signal,
      });
      assert.equal(status, 200);
      assert.ok(body);
      const feed = feedOf(follower.take);
      const decoder = new TextDecoder();
      for await (const chunk of body) feed(decoder.decode(chunk as Uint8Array, { stream: true }));
      throw new Error('the stream ended');
    };
    read().catch(follower.fail);
    return follower;
  };
}

const FORMATS: Record<string, Follow> = {
  SSE: overHttp('text/event-stream', (take) => {
    const parser = createParser({ onEvent: ({ event = '', data, id }) => take(event, JSON.parse(data), id) });
    return (text) => parser.feed(text);
  }),
  NDJSON: overHttp('application/x-ndjson', (take) => {
    let rest = '';
    return (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { event, data, id } = JSON.parse(line) as { event: string; data: unknown; id?: string };
        take(event, data, id);
      }
    };
  }),
  WebSocket: (url, lastEventId) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    const follower = collector(() => ws.terminate());
    ws.on('open', () => ws.send(JSON.stringify({ type: 'subscribe', channels: [CHANNEL], lastEventId })));
    ws.on('message', (message) => {
      const { event, data, id } = JSON.parse(String(message as Buffer)) as {
        event: string;
        data: unknown;
        id?: string;
      };
      follower.take(event, data, id);
    });
    ws.on('error', follower.fail);
    ws.on('close', () => follower.fail(new Error('the socket closed')));
    return follower;
  },
};

describe('the example of an own channel, on the packed package', function () {
  this.timeout(180_000);
  let folder: string;
  let project: string;
  let redis: RedisServer | null = null;
  const programs: ChildProcess[] = [];

  function run(command: string, args: string[]): void {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8' });
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  }

  /** @returns its URL */
  async function start(env: Record<string, string>): Promise<string> {
    const program = spawn(...withParent('TERM', process.execPath, [join(project, 'own-channel.js')]), {
      cwd: project,
      env: { PATH: process.env['PATH'], PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    programs.push(program);
    for await (const line of createInterface({ input: program.stdout })) {
      const [, port] = /^listening on (\d+)$/.exec(line) ?? [];
      if (port !== undefined) return `http://127.0.0.1:${port}`;
    }
    throw new Error('the example did not start');
  }

  async function report(url: string, celsius: number): Promise<void> {
    const { status } = await fetch(`${url}/rooms/kitchen?celsius=${celsius}`, { method: 'POST' });
    assert.equal(status, 200);
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-example-'));
    project = join(folder, 'project');
    const modules = join(project, 'node_modules');
    mkdirSync(modules, { recursive: true });
    const place = join(modules, 'marktide');
    packClone(folder, place, 'kept');
    // What `npm install` would add, without asking the registry: the package's own dependencies, and what the example uses.
    const { dependencies } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as {
      dependencies: object;
    };
    for (const name of Object.keys(dependencies)) link(name);
    for (const name of readdirSync(join(PACKAGE_ROOT, 'node_modules', '@types'))) link(`@types/${name}`);
    cpSync(join(PACKAGE_ROOT, 'examples', 'own-channel.ts'), join(project, 'own-channel.ts'));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'foreign', type: 'module' }));
    if (redisAvailable()) redis = await startRedisServer();

    function link(name: string): void {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(PACKAGE_ROOT, 'node_modules', name), join(modules, name));
    }
  });
  after(async () => {
    await Promise.all(
      programs.map(async (program) => {
        const ended = once(program, 'exit');
        if (program.exitCode === null && program.kill()) await ended;
      }),
    );
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, compiler] of Object.entries({
    'TypeScript 7': TYPESCRIPT_7,
    'TypeScript 5': TYPESCRIPT_5,
  })) {
    it(`compiles strictly: ${name}`, () => {
      const compilerOptions = {
        target: 'ES2023',
        lib: ['ES2023'],
        module: 'NodeNext',
        types: ['node'],
        strict: true,
      };
      writeFileSync(
        join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['own-channel.ts'] }),
      );
      run(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', '.']);
    });
  }

  for (const [place, env] of [
    ['memory', () => ({})],
    ['Redis', () => ({ REDIS_URL: redis?.url ?? '' })],
  ] as const) {
    (place === 'memory' || redisAvailable() ? describe : describe.skip)(`on ${place}`, () => {
      let url: string;
      let next = 0;
      before(async () => {
        url = await start(env());
      });

      for (const [format, follow] of Object.entries(FORMATS)) {
        it(`resumes after a cut over ${format}: nothing lost, nothing twice`, async () => {
          next += 100;
          const first = next;
          await report(url, first);
          const before = follow(url, null);
          await before.until(1);
          for (const step of [1, 2]) {
            await report(url, first + step);
            await before.until(1 + step);
          }
          before.cut();
          const { id } = before.readings.at(-1) ?? assert.fail();
          for (const step of [3, 4, 5]) await report(url, first + step);
          // With Redis, on another process of the fleet.
          const after = follow(place === 'Redis' ? await start(env()) : url, id);
          await after.until(3);
          await report(url, first + 6);
          await after.until(4);
          after.cut();
          const seen = [...before.readings, ...after.readings].map(({ celsius }) => celsius);
          assert.deepEqual(
            seen,
            [0, 1, 2, 3, 4, 5, 6].map((step) => first + step),
          );
          assert.deepEqual([before.resets, after.resets], [[], []]);
        });
      }

      it('refuses what is no channel with 400', async () => {
        const response = await fetch(`${url}/stream?channels=humidity:kitchen`);
        assert.deepEqual([response.status, await response.text()], [400, 'That is not a channel.']);
      });
    });
  }
});
