import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { fillDataFolder } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { BRIEF } from '../support/node-process.ts';

/** Logged, with the path, and so often that no pipe holds it. */
const LONG_PATH = `/${'x'.repeat(2_000)}`;
const REQUESTS = 100;
const AT_ONCE = 20;

describe('a node whose log cannot be written', function () {
  this.timeout(240_000);
  let folder: string;
  let node: ChildProcess | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-stuck-'));
    await fillDataFolder(folder);
  });
  afterEach(async () => {
    if (node !== undefined && node.exitCode === null && node.signalCode === null) {
      node.kill('SIGKILL');
      await once(node, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  });

  async function start(stdout: number): Promise<{ child: ChildProcess; url: string }> {
    const port = await freePort();
    const child = spawn(process.execPath, [...BRIEF, 'dist/app/main.js'], {
      cwd: PACKAGE_ROOT,
      env: {
        PORT: String(port),
        DATA_DIR: folder,
        JWT_SECRET: 'a secret that only the tests of this project use',
        ADMIN_PASSWORD: 'the admin of a test',
        DEMO: 'false',
        MARKET_FEED: 'push',
        RATE_LIMIT_ADDRESS: '0',
      },
      stdio: ['ignore', stdout, 'ignore'],
    });
    node = child;
    const url = `http://127.0.0.1:${port}`;
    const isThere = async (): Promise<boolean> => (await answer(`${url}/healthz`).catch(() => 0)) === 200;
    await eventually(isThere, 'the node', { everyMs: 50, withinMs: 100_000 });
    return { child, url };
  }

  async function answer(url: string): Promise<number> {
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
    await response.text();
    return response.status;
  }

  async function assertServes(url: string): Promise<void> {
    for (let n = 0; n < REQUESTS; n += AT_ONCE) {
      const all = await Promise.all(Array.from({ length: AT_ONCE }, () => answer(url + LONG_PATH)));
      assert.ok(all.every((status) => status === 404));
    }
  }

  async function end(child: ChildProcess): Promise<[code: number | null, signal: string | null]> {
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    child.kill('SIGTERM');
    return await ended;
  }

  it('serves on while its disk is full, and can be stopped', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { child, url } = await start(full);
      await assertServes(url);
      assert.deepEqual(await end(child), [1, null]);
    } finally {
      closeSync(full);
    }
  });

  it('serves on while who reads it is frozen, and can be stopped', async () => {
    const path = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    // Both ends, so that opening it waits for nobody; nobody reads.
    const pipe = openSync(path, constants.O_RDWR);
    try {
      const { child, url } = await start(pipe);
      await assertServes(url);
      // Some library may have set the pipe so that a write fails instead of waiting; it could not end by itself otherwise.
      const [code, signal] = await end(child);
      assert.ok(code === 1 || signal === 'SIGKILL');
    } finally {
      closeSync(pipe);
    }
  });
});
