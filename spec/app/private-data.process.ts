import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDataFolder } from '../support/data-folder.ts';
import { type NodeProcess, startNode } from '../support/node-process.ts';

/** The user "nobody". Only root can run a program as somebody else. */
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0 ? it : it.skip;

const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);

/** Starts a node that gives every right to everybody, as far as its umask decides. */
function startOpenly(env: Record<string, string>): Promise<NodeProcess> {
  const umask = process.umask(0);
  try {
    return startNode({ DEMO: 'false', JWT_SECRET: '', ...env });
  } finally {
    process.umask(umask);
  }
}

/** All entries below a folder. */
function entriesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

/** Whether a user without any rights of his own can read a file or list a folder. */
function canRead(path: string): boolean {
  const command = lstatSync(path).isDirectory() ? 'ls' : 'cat';
  return spawnSync(command, [path], { uid: NOBODY, gid: NOBODY, stdio: 'ignore' }).status === 0;
}

const COULD = /Other users could read or change these entries of DATA_DIR/;

describe('the data folder', function () {
  this.timeout(120_000);
  let parent: string;
  let folder: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'marktide-private-'));
    // Others may look in here.
    chmodSync(parent, 0o755);
    folder = join(parent, 'data');
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  async function run(env: Record<string, string> = {}, meanwhile = (): void => undefined): Promise<string> {
    const node = await startOpenly({ DATA_DIR: folder, ...env });
    try {
      meanwhile();
    } finally {
      await node.end('SIGTERM');
    }
    return node.output();
  }

  /** @returns what a start said that was refused, in one line */
  async function refused(): Promise<string> {
    const said = await run().then(
      () => assert.fail('it started'),
      (error: unknown) => String(error),
    );
    assert.match(said, /it ended with 1/);
    assert.doesNotMatch(said, /\n\s+at /);
    return said;
  }

  it('is named if it cannot be made, even where Node.js would try for ever', async function () {
    if (!existsSync('/proc/self')) this.skip();
    folder = '/proc/marktide/data';
    assert.match(await refused(), /DATA_DIR cannot be used: ENOENT: .*'\/proc\/marktide'\./);
  });

  it('is made along with those above it', async () => {
    folder = join(parent, 'a', 'b', 'data');
    await run();
    assert.deepEqual(
      ['a', 'a/b', 'a/b/data'].map((name) => modeOf(join(parent, name))),
      ['700', '700', '700'],
    );
  });

  it('is its own user’s alone from the first start on, without any help of the umask', async () => {
    const check = (): void => {
      assert.deepEqual(readdirSync(folder).sort(), ['backup.sock', 'jwt-secret', 'marktide.lock', 'pgdata']);
      assert.equal(modeOf(folder), '700');
      assert.equal(modeOf(join(folder, 'jwt-secret')), '600');
      assert.equal(modeOf(join(folder, 'marktide.lock')), '600');
      assert.equal(modeOf(join(folder, 'pgdata')), '700');
      const all = entriesOf(folder);
      assert.ok(all.length > 500);
      // PostgreSQL makes some files readable later, which the folder keeps to itself; none that others may change.
      const writable = all.filter((path) => (lstatSync(path).mode & 0o022) !== 0);
      assert.deepEqual(writable, []);
      if (process.getuid?.() !== 0) return;
      // The folder is not all that protects its files.
      chmodSync(folder, 0o755);
      const legible = [...readdirSync(folder), join('pgdata', 'PG_VERSION')].filter((name) =>
        canRead(join(folder, name)),
      );
      assert.deepEqual(legible, []);
      assert.ok(canRead(folder), 'it could be read if it were allowed');
      chmodSync(folder, 0o700);
    };
    assert.doesNotMatch(await run({}, check), COULD);
    assert.doesNotMatch(await run({}, check), COULD, 'nothing was open when it was started again');
    const readable = entriesOf(folder).filter((path) => (lstatSync(path).mode & 0o077) !== 0);
    assert.ok(
      readable.every((path) => path.endsWith('pg_internal.init')),
      readable.join('\n'),
    );
  });

  it('that others could read and change is closed, which is said once; what others keep there is left alone', async () => {
    await fillDataFolder(folder);
    const secret = 'k'.repeat(64);
    writeFileSync(join(folder, 'jwt-secret'), secret);
    const notes = join(folder, 'notes.txt');
    writeFileSync(notes, 'of somebody else');
    mkdirSync(join(folder, 'photos'));
    for (const path of [folder, ...entriesOf(folder)])
      chmodSync(path, lstatSync(path).isDirectory() ? 0o777 : 0o666);
    const said = await run();
    assert.match(said, COULD);
    assert.match(said, /"entries":\["jwt-secret","pgdata"\]/);
    assert.match(said, /Other users can replace the files in DATA_DIR/);
    assert.deepEqual(
      [folder, notes, join(folder, 'photos'), join(folder, 'pgdata'), join(folder, 'jwt-secret')].map(modeOf),
      ['777', '666', '777', '700', '600'],
    );
    const open = entriesOf(join(folder, 'pgdata')).filter((path) => (lstatSync(path).mode & 0o022) !== 0);
    assert.deepEqual(open, []);
    assert.equal(readFileSync(join(folder, 'jwt-secret'), 'utf8'), secret);
    assert.doesNotMatch(await run(), COULD);
  });

  it('that is open and holds nothing else is closed as a whole', async () => {
    await fillDataFolder(folder);
    chmodSync(folder, 0o777);
    assert.doesNotMatch(await run(), /Other users can replace/);
    assert.equal(modeOf(folder), '700');
  });

  it('that is a link leads to the folder; a link inside it is refused', async () => {
    const real = join(parent, 'real');
    await fillDataFolder(real);
    symlinkSync(real, folder);
    await run();
    assert.equal(modeOf(real), '700');
    rmSync(folder);
    mkdirSync(folder);
    symlinkSync(join(real, 'pgdata'), join(folder, 'pgdata'));
    assert.match(await refused(), /pgdata is a symbolic link\. Make DATA_DIR itself a link instead\./);
  });

  it('that cannot be used is named, with the reason', async () => {
    writeFileSync(folder, 'a file');
    assert.match(await refused(), /DATA_DIR cannot be used: EEXIST: .*\/data'\./);
  });

  asRoot('in which another user owns something is refused, and left as it is', async () => {
    await fillDataFolder(folder);
    const strange = join(folder, 'pgdata', 'base');
    chownSync(strange, NOBODY, NOBODY);
    chmodSync(strange, 0o755);
    assert.match(await refused(), /pgdata\/base belongs to another user \(uid 65534\)\. Run Marktide as/);
    assert.equal(modeOf(strange), '755');
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(join(folder, 'jwt-secret'), 'k'.repeat(64), { mode: 0o644 });
    chownSync(join(folder, 'jwt-secret'), NOBODY, NOBODY);
    assert.match(await refused(), /jwt-secret belongs to another user/);
    assert.equal(existsSync(join(folder, 'pgdata')), false, 'nothing was begun');
  });
});
