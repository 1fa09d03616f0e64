import assert from 'node:assert/strict';
import { readdir, readFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireDataLock, DataLockError } from '../../../db/connection/data-lock.ts';
import { openDatabase } from '../../../db/connection/database.ts';
import { fillDataFolder } from '../../support/data-folder.ts';
import { quiet } from '../../support/log-watch.ts';
import { startChild } from '../../support/db/child.ts';

describe('the lock of a data folder', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-lock-'));
    file = join(folder, 'marktide.lock');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const holder = async (): Promise<Record<string, unknown>> => JSON.parse(await readFile(file, 'utf8'));

  it('keeps another process out while its holder lives, and says which one that is', async () => {
    const child = startChild('./lock-holder.ts', [folder]);
    await child.printed(1);
    assert.deepEqual(child.lines, ['held']);
    assert.throws(
      () => acquireDataLock(folder),
      (error) => {
        assert.ok(error instanceof DataLockError);
        assert.equal(error.pid, child.process.pid);
        assert.match(error.message, new RegExp(`process ${child.process.pid}\\b.*marktide\\.lock`));
        return true;
      },
    );
    await assert.rejects(openDatabase({ dataDir: folder, log: quiet }), DataLockError);
    child.process.stdin?.end();
    await child.end('SIGCONT');
    assert.deepEqual(await readdir(folder), []);
    acquireDataLock(folder).release();
  });

  it('is taken over from a process that was killed', async () => {
    const child = startChild('./lock-holder.ts', [folder]);
    await child.printed(1);
    await child.end('SIGKILL');
    assert.equal((await holder())['pid'], child.process.pid);
    const lock = acquireDataLock(folder);
    assert.equal((await holder())['pid'], process.pid);
    lock.release();
    assert.deepEqual(await readdir(folder), []);
  });

  it('is taken over by one only when several processes find it left behind', async () => {
    const first = startChild('./lock-holder.ts', [folder]);
    await first.printed(1);
    await first.end('SIGKILL');
    const children = Array.from({ length: 6 }, () => startChild('./lock-holder.ts', [folder, 'wait']));
    await Promise.all(children.map((child) => child.printed(1)));
    for (const child of children) child.process.stdin?.write('go');
    await Promise.all(children.map((child) => child.printed(2)));
    const held = children.filter(({ lines }) => lines[1] === 'held');
    assert.equal(held.length, 1, JSON.stringify(children.map(({ lines }) => lines)));
    assert.equal((await holder())['pid'], held[0]?.process.pid);
    for (const child of children) child.process.stdin?.end();
    await Promise.all(children.map((child) => child.end('SIGCONT')));
    assert.deepEqual(await readdir(folder), []);
  });

  it('that was left behind is not touched while another process is taking it over', async () => {
    const lock = acquireDataLock(folder);
    const own = await holder();
    lock.release();
    await writeFile(file, JSON.stringify({ ...own, started: 'another boot:1', nonce: 'left' }));
    const claim = `${file}.left`;
    await writeFile(claim, JSON.stringify({ ...own, nonce: 'claim' }));
    assert.throws(() => acquireDataLock(folder), DataLockError);
    assert.equal((await holder())['nonce'], 'left');
    // The one that was at it has died as well.
    await writeFile(claim, JSON.stringify({ ...own, started: 'another boot:2', nonce: 'claim' }));
    acquireDataLock(folder).release();
    assert.deepEqual(await readdir(folder), []);
  });

  it('can be read by its owner alone, whatever the umask', async () => {
    const umask = process.umask(0);
    const lock = acquireDataLock(folder);
    process.umask(umask);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    lock.release();
  });

  it('is not shared by two openings in one process', () => {
    const lock = acquireDataLock(folder);
    assert.throws(() => acquireDataLock(folder), DataLockError);
    lock.release();
  });

  it('is taken over when its pid belongs to another, later process', async () => {
    const lock = acquireDataLock(folder);
    const own = await holder();
    if (own['started'] === null) return;
    lock.release();
    await writeFile(file, JSON.stringify({ ...own, started: 'another boot:1', nonce: 'n' }));
    acquireDataLock(folder).release();
  });

  it('is left to a process of another host, which cannot be looked up from here', async () => {
    const lock = acquireDataLock(folder);
    const own = await holder();
    lock.release();
    await writeFile(file, JSON.stringify({ ...own, host: 'elsewhere', pid: 4_000_000, nonce: 'n' }));
    assert.throws(() => acquireDataLock(folder), /on elsewhere .*delete this file/);
    assert.equal((await holder())['host'], 'elsewhere');
  });

  it('does not remove the lock of a successor', async () => {
    const lock = acquireDataLock(folder);
    await rm(file);
    const next = acquireDataLock(folder);
    lock.release();
    assert.equal((await holder())['pid'], process.pid);
    next.release();
  });

  it('is let go when the database cannot be opened, and when it is closed', async () => {
    await writeFile(join(folder, 'pgdata'), 'not a folder');
    await assert.rejects(openDatabase({ dataDir: folder, log: quiet }));
    await rm(join(folder, 'pgdata'));
    await fillDataFolder(folder);
    const opened = await openDatabase({ dataDir: folder, log: quiet });
    assert.equal((await holder())['pid'], process.pid);
    await opened.close();
    assert.deepEqual(await readdir(folder), ['pgdata']);
  });
});
