import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFault } from '../../app/needed-node.ts';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

const OLD = '18.20.8';

/** This Node.js, which says that it is an old one; or an old one, where somebody has named its binary. */
const PRETENCE = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${OLD}' } });`;
const [program, flags, version] =
  process.env['OLD_NODE'] === undefined
    ? [process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(PRETENCE)}`], OLD]
    : [process.env['OLD_NODE'], [], versionOf(process.env['OLD_NODE'])];

function versionOf(node: string): string {
  return spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim();
}

const read = (...path: string[]): string => readFileSync(join(PACKAGE_ROOT, ...path), 'utf8');

/** What the unit for systemd starts, without the path of Node.js. */
const [, unit = ''] =
  /^ExecStart=\/usr\/bin\/node (.+)$/m.exec(read('deploy', 'systemd', 'marktide.service')) ?? [];

describe('a version of Node.js that is too old', () => {
  for (const [way, args] of [
    ['npm start', ['app/setup.mjs', '--start']],
    ['npm run build', ['app/setup.mjs', '--build']],
    ['the built program', ['dist/app/main.js']],
    // Should it run after all, it can write nothing there.
    ['a command of the built program', ['dist/app/main.js', 'backup', '/proc/backup']],
    ['the unit for systemd', unit.split(' ')],
  ] as const) {
    it(`is named in one line by ${way}`, () => {
      const { status, stdout, stderr } = spawnSync(program, [...flags, ...args], {
        cwd: PACKAGE_ROOT,
        env: {},
        encoding: 'utf8',
        timeout: 30_000,
      });
      assert.equal(stdout + stderr, `Marktide needs Node.js 20.19 or newer; this is ${version}.\n`);
      assert.equal(status, 1);
    });
  }

  it('meets nothing that it cannot load before that line', () => {
    const imports = (path: string): string[] =>
      [...read('dist', 'app', path).matchAll(/^(?:import|export) [^;]*?from '([^']+)'/gm)].map(
        ([, name = '']) => name,
      );
    assert.deepEqual(imports('main.js'), ['./needed-node.js']);
    assert.deepEqual(imports('needed-node.js'), []);
  });

  it('is older than the one that package.json asks for', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];
    assert.equal(nodeFault(`${major}.${minor}.0`), null);
    assert.equal(nodeFault(`${Number(major) + 1}.0.0`), null);
    assert.match(
      nodeFault(`${major}.${Number(minor) - 1}.9`) ?? '',
      new RegExp(`needs Node.js ${major}.${minor} or`),
    );
  });
});
