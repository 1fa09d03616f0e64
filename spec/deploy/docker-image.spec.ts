import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT } from '../../lib/config/config.ts';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { API } from '../../openapi/documents.ts';
import { copies, stages } from './dockerfile.ts';

/** Whether .dockerignore lets a path through: its last pattern that fits decides, for the path or a folder above it. */
function isSent(path: string): boolean {
  const patterns = readFileSync(join(PACKAGE_ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  let sent = true;
  for (const pattern of patterns) {
    const isException = pattern.startsWith('!');
    const glob = isException ? pattern.slice(1) : pattern;
    const expression = new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}(/|$)`);
    if (expression.test(path)) sent = isException;
  }
  return sent;
}

describe('Dockerfile', () => {
  const all = stages();
  const final = all.at(-1) ?? { name: '', instructions: [] };
  const of = (word: string): string[] =>
    final.instructions.filter((each) => each.word === word).map(({ rest }) => rest);

  it('copies what is there and is sent, from stages that are before it', () => {
    assert.equal(all.length, 3);
    for (const [index, stage] of all.entries()) {
      for (const { from, sources } of copies(stage)) {
        if (from !== null) assert.ok(all.slice(0, index).some(({ name }) => name === from));
        else {
          for (const source of sources) {
            assert.ok(existsSync(join(PACKAGE_ROOT, source)), `${source} is not there`);
            assert.ok(isSent(source), `${source} is not sent`);
          }
        }
      }
    }
    for (const path of ['node_modules/koa', '.git/config', 'data/secret', 'spec/routes', 'dist/lib', '.env'])
      assert.equal(isSent(path), false, path);
  });

  it('runs as somebody who is not root, on ports and variables that are known, and is asked how it does', () => {
    assert.deepEqual(of('USER'), ['node']);
    const words = final.instructions.map(({ word }) => word);
    assert.ok(words.indexOf('USER') < words.indexOf('CMD'));
    const variables = Object.fromEntries(
      of('ENV').flatMap((rest) => rest.split(' ').map((each) => each.split('=') as [string, string])),
    );
    for (const name of Object.keys(variables).filter((each) => each !== 'NODE_ENV'))
      assert.ok(name in ENVIRONMENT.shape, name);
    assert.deepEqual(of('EXPOSE'), [variables['PORT']]);
    const [healthcheck = ''] = of('HEALTHCHECK');
    const flags = [...healthcheck.matchAll(/--([\w-]+)=/g)].map(([, name]) => name);
    // Older builders refuse others: --start-interval came with Docker 25.
    for (const name of flags)
      assert.ok(['interval', 'timeout', 'start-period', 'retries'].includes(name ?? ''));
    const [, url = ''] = /"(http:[^"]+)"/.exec(healthcheck) ?? [];
    assert.equal(new URL(url).port, variables['PORT']);
    assert.ok(API.some(({ path }) => path === new URL(url).pathname));
  });
});
