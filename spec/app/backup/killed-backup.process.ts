import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../lib/process/package-info.ts';
import { fillDataFolder } from '../../support/data-folder.ts';
import { eventually } from '../../support/eventually.ts';
import { bundledProgram } from '../../support/node-bundle.ts';
import { BRIEF, logIn, type NodeProcess, startNode } from '../../support/node-process.ts';

describe('a backup or a restore that ends in the middle', function () {
  this.timeout(240_000);
  let parent: string;
  let data: string;
  let copy: string;
  let file: string;
  const nodes: NodeProcess[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'marktide-killed-'));
    [data, copy, file] = [join(parent, 'data'), join(parent, 'copy'), join(parent, 'backup.tar.gz')];
    mkdirSync(data, { mode: 0o700 });
    await fillDataFolder(data);
    // Too much for a backup that is over before anybody can be killed.
    for (let n = 0; n < 400; n += 1)
      writeFileSync(join(data, 'pgdata', `ballast-${n}`), Buffer.alloc(200_000, `${n} `));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const node of nodes.splice(0)) await node.end('SIGKILL');
    await rm(parent, { recursive: true, force: true });
  });

  async function start(dataDir: string): Promise<NodeProcess> {
    const node = await startNode({ DATA_DIR: dataDir, DEMO: 'false', MARKET_FEED: 'push', JWT_SECRET: '' });
    nodes.push(node);
    return node;
  }

  function begin(
    dataDir: string,
    command: 'backup' | 'restore',
  ): { child: ChildProcess; ended: Promise<string> } {
    const child = spawn(process.execPath, [...BRIEF, bundledProgram(), command, file], {
      cwd: PACKAGE_ROOT,
      env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir, LOG_LEVEL: 'error' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let said = '';
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += String(chunk)));
    return { child, ended: once(child, 'close').then(([code]) => `${String(code)}: ${said}`) };
  }

  const isThere = (folder: string, pattern: RegExp): boolean =>
    existsSync(folder) && readdirSync(folder).some((name) => pattern.test(name));

  async function until(folder: string, pattern: RegExp): Promise<void> {
    await eventually(() => isThere(folder, pattern), String(pattern), { everyMs: 1, withinMs: 60_000 });
  }

  it('leaves no file that looks whole, and nothing in the folder of the node, if the backup is killed', async () => {
    await start(data);
    const { child, ended } = begin(data, 'backup');
    await until(parent, /^backup\.tar\.gz\.partial$/);
    child.kill('SIGKILL');
    await ended;
    assert.equal(existsSync(file), false);
    await eventually(() => !isThere(data, /^backup-/), 'the end of the copy');
    assert.equal(await begin(data, 'backup').ended, `0: Written: ${file}\n`);
  });

  it('says so if the node is killed, and leaves no file', async () => {
    const node = await start(data);
    const { ended } = begin(data, 'backup');
    await until(data, /^backup-/);
    await node.end('SIGKILL');
    assert.equal(
      await ended,
      '1: The node has ended before its database was copied: run the backup again.\n',
    );
    assert.equal(existsSync(file), false);
    // Whoever comes next clears away the half of the copy.
    await start(data);
    assert.equal(isThere(data, /^backup-/), false);
  });

  it('says so if the node is frozen, and waits no longer', async () => {
    const node = await start(data);
    process.kill(node.pid, 'SIGSTOP');
    assert.match(
      await begin(data, 'backup').ended,
      /^1: Process \d+, which uses [^\n]+ does not answer[^\n]+\n$/,
    );
    assert.equal(existsSync(file), false);
  });

  for (const [moment, pattern] of [
    ['before the database is unpacked', /^restore-/],
    ['when a part of it is there already', /^jwt-secret$/],
  ] as const) {
    it(`starts no empty database after a restore that was killed ${moment}, and can be restored again`, async () => {
      const before = await start(data);
      const authorization = await logIn(before.url);
      assert.match(await begin(data, 'backup').ended, /^0:/);
      const { child, ended } = begin(copy, 'restore');
      await until(copy, /^restore-/);
      child.kill('SIGKILL');
      await ended;
      assert.equal(isThere(copy, /^pgdata$/), false);
      // Between the two steps at the end is no time to kill anybody.
      if (pattern.test('jwt-secret'))
        writeFileSync(join(copy, 'jwt-secret'), 'x'.repeat(64), { mode: 0o600 });
      assert.equal(isThere(copy, pattern), true);

      await assert.rejects(start(copy), ({ message }: Error) => {
        assert.match(
          message,
          /it ended with 1:\nA restore into \S+ has not come to its end: run it again\b[^\n]*\n$/,
        );
        return true;
      });
      assert.match(await begin(copy, 'restore').ended, /^0: Restored into/);
      assert.deepEqual(readdirSync(copy).sort(), ['jwt-secret', 'pgdata']);
      const after = await start(copy);
      const { status } = await fetch(`${after.url}/v1/auth/me`, { headers: { authorization } });
      assert.equal(status, 200, 'the secret of the backup');
    });
  }
});
