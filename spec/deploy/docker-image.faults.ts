import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { copies, stages } from './dockerfile.ts';

/** What builds the page. */
interface Page {
  buildPage: (folder: string) => Promise<void>;
}

describe('the image that Dockerfile makes', () => {
  const final = stages().at(-1) ?? { name: '', instructions: [] };
  const command = final.instructions.find(({ word }) => word === 'CMD')?.rest ?? '[]';

  it('holds all that the program needs: it starts on nothing else', async function () {
    this.timeout(120_000);
    const folder = await mkdtemp(join(tmpdir(), 'marktide-image-'));
    try {
      const app = join(folder, 'app');
      mkdirSync(app);
      const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
      const built = spawnSync(
        process.execPath,
        [compiler, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')],
        { cwd: PACKAGE_ROOT, encoding: 'utf8' },
      );
      assert.equal(built.status, 0, built.stdout);
      const page: Page = await import(join(PACKAGE_ROOT, 'web', 'build.mjs'));
      await page.buildPage(join(folder, 'dist', 'web'));
      for (const { from, sources, target } of copies(final)) {
        for (const source of sources) {
          const path = relative('/app', resolve('/app', source));
          if (path === 'node_modules') symlinkSync(join(PACKAGE_ROOT, path), join(app, path));
          else {
            const origin = from === 'build' ? join(folder, 'dist') : join(PACKAGE_ROOT, path);
            const isInto = target.endsWith('/') && statSync(origin).isFile();
            const place = isInto ? join(app, target, path.split('/').at(-1) ?? '') : join(app, target);
            mkdirSync(dirname(place), { recursive: true });
            cpSync(origin, target === './' ? join(app, path) : place, { recursive: true });
          }
        }
      }
      const [program, ...args] = JSON.parse(command) as string[];
      assert.equal(program, 'node');
      const child = spawn(process.execPath, args, {
        cwd: app,
        env: { PORT: '0', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'warn' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      let output = '';
      for await (const chunk of child.stdout.setEncoding('utf8')) {
        output += String(chunk);
        if (/stream /.test(output)) break;
      }
      const [, url = ''] = /is at (http:\S+)/.exec(output) ?? [];
      for (const path of ['/healthz', '/', '/docs', '/openapi.json']) {
        const response = await fetch(url + path);
        assert.equal(response.status, 200, path);
        await response.text();
      }
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
