import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

/** What a clone has, and the package is made from. */
const SOURCES = [
  'app',
  'lib',
  'db',
  'streams',
  'routes',
  'openapi',
  'web',
  'LICENSE',
  'README.md',
  '.npmrc',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.client.json',
  'tsconfig.streams.json',
];

/**
 * Builds and packs the package in a clone of its sources, and unpacks it. By hand, as npm would also ask the registry for
 * what the package depends on.
 * @param folder for the clone and the tarball
 * @param build from nothing, or with what the tests have built of the same sources already
 */
export function packClone(folder: string, place: string, build: 'anew' | 'kept'): void {
  const run = (command: string, args: string[], cwd: string): void => {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, npm_config_offline: 'true' },
    });
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  };
  const clone = join(folder, 'clone');
  for (const name of SOURCES) cpSync(join(PACKAGE_ROOT, name), join(clone, name), { recursive: true });
  symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(clone, 'node_modules'));
  const built = join(PACKAGE_ROOT, 'dist');
  // If it is of other sources, the clone is built all the same.
  if (build === 'kept' && existsSync(built)) cpSync(built, join(clone, 'dist'), { recursive: true });
  run('npm', ['run', 'package', '--', '--pack-destination', folder], clone);
  const [tarball = ''] = readdirSync(folder).filter((name) => /^marktide-\d.*\.tgz$/.test(name));
  mkdirSync(place, { recursive: true });
  run('tar', ['-xzf', join(folder, tarball), '--strip-components=1', '-C', place], folder);
}
