import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { closeBrowsers } from './browser.ts';
import { makeMigratedData } from './data-folder.ts';
import { closeIdleEngines } from './embedded-engines.ts';
import { watch, watchTraffic } from './log-watch.ts';
import { bundledProgram } from './node-bundle.ts';
import { sowSeed } from './runs.ts';

watchTraffic();
sowSeed();

/** Once, before any process of the run: nodes of their own are started from dist/, which must be of these sources. */
export async function mochaGlobalSetup(): Promise<void> {
  const { status } = spawnSync(process.execPath, ['app/setup.mjs', '--build'], {
    cwd: PACKAGE_ROOT,
    stdio: 'inherit',
  });
  assert.equal(status, 0, 'the program does not build');
  bundledProgram();
  await makeMigratedData();
}

/** After the last test; processes of a parallel run are ended, whatever they hold. */
export async function mochaGlobalTeardown(): Promise<void> {
  await closeIdleEngines();
  await closeBrowsers();
}

/** Around all tests; in a parallel run, around those of each file. */
export const mochaHooks = {
  afterAll(): void {
    const leaked = watch.take();
    const some = leaked.slice(0, 5).map((line) => line.slice(0, 400));
    assert.equal(leaked.length, 0, `a log holds tokens, keys or passwords, in lines as\n${some.join('\n')}`);
  },
};
