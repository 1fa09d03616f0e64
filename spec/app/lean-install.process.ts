import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { fillDataFolder } from '../support/data-folder.ts';
import { BRIEF, startNode } from '../support/node-process.ts';

/** What an installation has after its build, besides node_modules. */
const INSTALLED = [
  'dist',
  'openapi',
  '.npmrc',
  'package.json',
  'package-lock.json',
  'spec/generated-client/package.json',
];

/** The commands of docs/operations.md that take packages away again. */
const COMMANDS = [
  ...readFileSync(join(PACKAGE_ROOT, 'docs', 'operations.md'), 'utf8').matchAll(
    /^npm ((?:prune|uninstall) [^#\n]+)/gm,
  ),
].map(([, command = '']) => command.trim().split(/\s+/));

describe('an installation without what a node does not need', function () {
  this.timeout(240_000);
  let folder: string;
  const inFolder = (...path: string[]): string => join(folder, ...path);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-lean-'));
    for (const name of INSTALLED)
      cpSync(join(PACKAGE_ROOT, name), inFolder(...name.split('/')), { recursive: true });
    // The copies of cp are a fraction of the work of cpSync: there are thousands of files.
    const copied = spawnSync('cp', ['-a', join(PACKAGE_ROOT, 'node_modules'), folder]);
    assert.equal(copied.status, 0);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function npm(args: readonly string[]): void {
    const { status, stderr } = spawnSync('npm', args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, npm_config_offline: 'true' },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  }

  it('starts, if it was made by the commands of docs/operations.md', async () => {
    assert.equal(COMMANDS.length, 2);
    for (const command of COMMANDS) npm(command);
    for (const gone of ['ccxt', 'typescript', 'mocha'])
      assert.equal(existsSync(inFolder('node_modules', gone)), false, gone);
    const data = inFolder('data');
    await fillDataFolder(data);
    const node = await startNode({ DATA_DIR: data }, [inFolder('dist', 'app', 'main.js')]);
    try {
      const { status } = await fetch(`${node.url}/`);
      assert.equal(status, 200, 'the page');
    } finally {
      await node.end('SIGTERM');
    }
  });

  it('says in one sentence how to install the binary of argon2, which --omit=optional leaves out', () => {
    npm(['prune', '--omit=dev', '--omit=optional', '--ignore-scripts']);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...BRIEF, inFolder('dist', 'app', 'main.js')],
      {
        cwd: folder,
        env: { DATA_DIR: inFolder('data') },
        encoding: 'utf8',
      },
    );
    assert.equal(
      stdout + stderr,
      'The binary of @node-rs/argon2 for this machine is missing: install again without --omit=optional.\n',
    );
    assert.equal(status, 1);
  });
});
