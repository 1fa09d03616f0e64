import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PACKAGE_ROOT, VERSION } from '../../../lib/process/package-info.ts';
import { browserAvailable, launchBrowser } from '../../support/browser.ts';
import { fillDataFolder } from '../../support/data-folder.ts';
import { packClone } from '../../support/package-clone.ts';
import { type NodeProcess, startNode } from '../../support/node-process.ts';

const TYPESCRIPT_7 = join(PACKAGE_ROOT, 'node_modules', 'typescript');
const TYPESCRIPT_5 = join(PACKAGE_ROOT, 'spec', 'generated-client', 'node_modules', 'typescript');

/** As strangers' projects are set up: for a browser, by a bundler; in Node. Declarations are checked too. */
const PROJECTS = {
  bundler: {
    compiler: TYPESCRIPT_7,
    options: { module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2023', 'DOM'], types: [] },
  },
  node: {
    compiler: TYPESCRIPT_5,
    options: { module: 'NodeNext', lib: ['ES2023'], types: ['node'] },
  },
};

/** A site of somebody else's, which has the client's files. */
async function startSite(folder: string): Promise<{ site: Server; origin: string }> {
  const site = createServer(({ url = '/' }, res) => {
    const isScript = url.endsWith('.js');
    res.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    res.end(isScript ? readFileSync(join(folder, url)) : '<title>elsewhere</title>');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  return { site, origin: `http://127.0.0.1:${(site.address() as AddressInfo).port}` };
}

/** The program that README shows. */
function example(url: string): string {
  const readme = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(code !== undefined && code.includes("from 'marktide/client'"));
  assert.ok(code.includes('http://127.0.0.1:3000'));
  return code.replace('http://127.0.0.1:3000', url);
}

describe('the package', function () {
  this.timeout(180_000);
  let folder: string;
  let foreign: string;
  let node: NodeProcess;
  let site: Server;
  let origin: string;

  function run(command: string, args: string[], cwd: string): string {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, npm_config_offline: 'true' },
    });
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
    return stdout;
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-package-'));
    foreign = join(folder, 'foreign');
    const place = join(foreign, 'node_modules', 'marktide');
    packClone(folder, place, 'anew');
    ({ site, origin } = await startSite(join(place, 'dist', 'lib', 'client')));
    await fillDataFolder(join(folder, 'data'));
    node = await startNode({
      DATA_DIR: join(folder, 'data'),
      DEMO: 'true',
      FEED_SEED: '7',
      CORS_ORIGINS: origin,
      STREAM_MAX_AGE_MS: '1000',
    });
    writeFileSync(join(foreign, 'package.json'), JSON.stringify({ name: 'foreign', type: 'module' }));
    writeFileSync(join(foreign, 'example.ts'), example(node.url));
  });
  after(async () => {
    await node?.end('SIGTERM');
    site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, { compiler, options }] of Object.entries(PROJECTS)) {
    it(`has a client that type-checks in a stranger's project: ${name}`, () => {
      const project = join(foreign, `tsconfig.${name}.json`);
      const typeRoots = [join(PACKAGE_ROOT, 'node_modules', '@types')];
      const compilerOptions = { ...options, target: 'ES2023', strict: true, outDir: name, typeRoots };
      writeFileSync(project, JSON.stringify({ compilerOptions, files: ['example.ts'] }));
      run(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', project], foreign);
    });
  }

  it('has nothing in it but what it needs', () => {
    const names = readdirSync(join(foreign, 'node_modules', 'marktide')).sort();
    assert.deepEqual(names, ['LICENSE', 'README.md', 'app', 'dist', 'openapi', 'package.json']);
    const page = readdirSync(join(foreign, 'node_modules', 'marktide', 'dist', 'web')).sort();
    assert.deepEqual(
      page,
      ['assets', 'favicon.svg', 'index.html', 'manifest.json', 'worker.js'],
      'the page is built',
    );
  });

  it('names modules as every compiler finds them', () => {
    const place = join(foreign, 'node_modules', 'marktide', 'dist', 'lib', 'client');
    const declarations = readdirSync(place).filter((name) => name.endsWith('.d.ts'));
    assert.ok(declarations.length > 5);
    for (const name of declarations) {
      // Older compilers than those above take no `.ts`, which the newer ones would not rewrite here.
      assert.doesNotMatch(readFileSync(join(place, name), 'utf8'), /from '[^']+\.ts'/, name);
    }
  });

  it('comes with the client as a package that brings nothing else', async () => {
    const place = join(folder, 'alone');
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), JSON.stringify({ name: 'alone', type: 'module' }));
    const [tarball = ''] = readdirSync(folder).filter((name) => /^marktide-client-.*\.tgz$/.test(name));
    run('npm', ['install', '--no-audit', '--no-fund', join(folder, tarball)], place);
    const installed = readdirSync(join(place, 'node_modules')).filter((name) => !name.startsWith('.'));
    assert.deepEqual(installed, ['marktide-client']);
    const manifest = readFileSync(join(place, 'node_modules', 'marktide-client', 'package.json'), 'utf8');
    const { version, dependencies } = JSON.parse(manifest) as Record<string, unknown>;
    assert.deepEqual([version, dependencies], [VERSION, undefined]);
    const code = example(node.url).replace('marktide/client', 'marktide-client');
    writeFileSync(join(place, 'example.ts'), code);
    const compilerOptions = {
      module: 'ESNext',
      moduleResolution: 'bundler',
      lib: ['ES2023', 'DOM'],
      types: [],
    };
    const project = {
      compilerOptions: { ...compilerOptions, target: 'ES2023', strict: true },
      files: ['example.ts'],
    };
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(project));
    run(process.execPath, [join(TYPESCRIPT_7, 'bin', 'tsc'), '-p', place], place);
    const program = spawn(process.execPath, ['example.js'], {
      cwd: place,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(program, 'exit');
    for await (const chunk of program.stdout.setEncoding('utf8')) {
      if (/^BTC\/KRW \d+$/m.test(String(chunk))) program.kill();
    }
    await ended;
    assert.equal(program.killed, true);
  });

  it("runs README's example against a server", async () => {
    const program = spawn(process.execPath, [join(foreign, 'node', 'example.js')], {
      cwd: foreign,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(program, 'exit');
    let output = '';
    for await (const chunk of program.stdout.setEncoding('utf8')) {
      output += String(chunk);
      if (/^BTC\/KRW \d+$/m.test(output) && /^equity \d/m.test(output)) program.kill();
    }
    await ended;
    assert.match(output, /^BTC\/KRW \d+$/m);
    assert.match(output, /^equity \d/m);
  });

  (browserAvailable() ? it : it.skip)('runs in a browser, on another origin, and resumes there', async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(origin);
      const [portfolios, states, price] = (await page.evaluate(`(async () => {
        const { createClient } = await import('/index.js');
        const login = { email: 'demo@marktide.local', password: 'demo-marktide' };
        const client = createClient({ url: '${node.url}', login });
        const { items } = await client.api.listPortfolios();
        const states = [];
        return await new Promise((resolve, reject) => {
          const told = {
            state: (state) => states.push(state),
            ticker({ price }) {
              if (states.filter((state) => state === 'live').length < 2) return;
              subscription.close();
              resolve([items.length, states, price]);
            },
            reset: () => reject(new Error('something was missed')),
            error: reject,
          };
          const subscription = client.subscribe(['ticker:BTC/KRW'], told, { longestWaitMs: 50 });
        });
      })()`)) as [number, string[], string];
      assert.equal(portfolios, 1);
      assert.deepEqual(states, ['connecting', 'live', 'resuming', 'live']);
      assert.match(price, /^\d+$/);
    } finally {
      await browser.close();
    }
  });
});
