import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

const PACKAGE = { name: 'tiny', version: '1.0.0', private: true, type: 'module' };

/** What the install scripts of the dependency leave in its folder. */
const MARK = 'a-script-ran';

/** A program that stays until SIGTERM, and says so; if it never comes, not for ever. */
const STAYS = `
declare const process: { on(signal: string, listener: () => void): void; exit(code: number): void };
process.on('SIGTERM', () => { console.log('ended'); process.exit(0); });
setTimeout(() => undefined, 30_000);
console.log('stays');
`;

/** The start script of a project with one dependency and one source: real npm, real compiler, no network. */
/** Compiles the one source that the project here has. */
const BUILD = `import { spawnSync } from 'node:child_process';
const tsc = 'node_modules/typescript/bin/tsc';
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
process.exit(status);
`;

describe('the set-up before start and tests', function () {
  this.timeout(120_000);
  let folder: string;
  let project: string;

  const inProject = (...path: string[]): string => join(project, ...path);
  const env = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: folder,
    npm_config_cache: join(folder, 'cache'),
    npm_config_offline: 'true',
    NODE_ENV: 'production',
  });

  function npm(cwd: string, ...args: string[]): void {
    const { status, stderr } = spawnSync('npm', args, { cwd, env: env(), encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }

  /** @returns what it said, and whether it installed and built */
  function setup(...args: string[]): {
    status: number | null;
    said: string;
    installed: boolean;
    built: boolean;
  } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [inProject('app', 'setup.mjs'), ...args], {
      // Wherever it is called from.
      cwd: folder,
      env: env(),
      encoding: 'utf8',
    });
    const said = stdout + stderr;
    return { status, said, installed: said.includes('Installing'), built: said.includes('Building') };
  }

  /** Another version of the dependency, with the lock file that an update of the sources brings along. */
  function depend(version: string): void {
    // Made elsewhere: npm would also note in node_modules what it was only to write into the lock file.
    const elsewhere = join(folder, 'elsewhere');
    const dependency = join(elsewhere, 'dependency');
    mkdirSync(dependency, { recursive: true });
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [name, `echo ${name} >> ${MARK}`]),
    );
    writeFileSync(join(dependency, 'package.json'), JSON.stringify({ name: 'dependency', version, scripts }));
    npm(elsewhere, 'pack', './dependency', '--ignore-scripts');
    const file = `dependency-${version}.tgz`;
    writeFileSync(
      join(elsewhere, 'package.json'),
      JSON.stringify({ ...PACKAGE, scripts: startScript(), devDependencies: { dependency: `file:${file}` } }),
    );
    npm(elsewhere, 'install', '--package-lock-only');
    for (const name of ['package.json', 'package-lock.json', file]) {
      copyFileSync(join(elsewhere, name), inProject(name));
    }
  }

  /** As this project has it. */
  function startScript(): { start: string | undefined } {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'),
    );
    return { start: scripts['start'] };
  }

  const source = (text: string): void => writeFileSync(inProject('app', 'main.ts'), text);
  /** The compiler of this very project, in the place where a real installation has it. */
  const addCompiler = (): void =>
    symlinkSync(join(PACKAGE_ROOT, 'node_modules', 'typescript'), inProject('node_modules', 'typescript'));

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-setup-'));
    project = join(folder, 'with a space');
    mkdirSync(inProject('app'), { recursive: true });
    copyFileSync(join(PACKAGE_ROOT, 'app', 'setup.mjs'), inProject('app', 'setup.mjs'));
    writeFileSync(inProject('app', 'build.mjs'), BUILD);
    writeFileSync(
      inProject('tsconfig.build.json'),
      JSON.stringify({
        compilerOptions: { module: 'NodeNext', outDir: 'dist', rootDir: '.', types: [] },
        include: ['app'],
      }),
    );
    source('console.log("first");\n');
    depend('1.0.0');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const dependencyVersion = (): string =>
    JSON.parse(readFileSync(inProject('node_modules', 'dependency', 'package.json'), 'utf8')).version;

  it('installs what is missing, development packages too, and builds nothing unasked', () => {
    const { status, said, installed, built } = setup();
    assert.equal(status, 0, said);
    assert.deepEqual({ installed, built }, { installed: true, built: false });
    assert.equal(dependencyVersion(), '1.0.0');
    addCompiler();
  });

  it('runs no install script of a dependency', () => {
    assert.equal(existsSync(inProject('node_modules', 'dependency', MARK)), false);
    // Only that flag keeps it from running: the scripts are there.
    npm(project, 'ci', '--include=dev');
    assert.match(readFileSync(inProject('node_modules', 'dependency', MARK), 'utf8'), /^preinstall$/m);
    rmSync(inProject('node_modules'), { recursive: true });
    assert.equal(setup().installed, true);
    assert.equal(existsSync(inProject('node_modules', 'dependency', MARK)), false);
    addCompiler();
  });

  it('does not install again, whoever installed', () => {
    assert.equal(setup().installed, false);
    npm(project, 'ci', '--include=dev', '--ignore-scripts');
    addCompiler();
    const { status, said } = setup();
    assert.equal(status, 0);
    assert.equal(said, '');
  });

  it('builds when it is asked to, and only once', () => {
    const { status, said, installed, built } = setup('--build');
    assert.equal(status, 0, said);
    assert.deepEqual({ installed, built }, { installed: false, built: true });
    assert.ok(existsSync(inProject('dist', 'app', 'main.js')));
    assert.equal(setup('--build').said, '');
  });

  it('builds again when a source has changed, come or gone, and leaves nothing of what is gone', () => {
    // Of the same length as before.
    source('console.log("fresh");\n');
    assert.equal(setup('--build').built, true);
    writeFileSync(inProject('app', 'other.ts'), 'export const other = 1;\n');
    assert.equal(setup('--build').built, true);
    assert.ok(existsSync(inProject('dist', 'app', 'other.js')));
    rmSync(inProject('app', 'other.ts'));
    assert.equal(setup('--build').built, true);
    assert.ok(!existsSync(inProject('dist', 'app', 'other.js')));
    assert.equal(setup('--build').built, false);
  });

  it('does not start what does not compile, and tries again the next time', () => {
    source('const wrong: number = "text";\nconsole.log(wrong);\n');
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const { status, said, built } = setup('--start');
      assert.notEqual(status, 0);
      assert.equal(built, true);
      assert.match(said, /main\.ts.*TS2322/);
      assert.doesNotMatch(said, /^text$/m);
    }
  });

  it('installs and builds again when the lock file asks for something else', () => {
    source('console.log("third");\n');
    depend('2.0.0');
    const { status, said, installed } = setup();
    assert.equal(status, 0, said);
    assert.equal(installed, true);
    assert.equal(dependencyVersion(), '2.0.0');
    addCompiler();
    const started = setup('--start');
    assert.equal(started.built, true);
    assert.match(started.said, /^third$/m);
  });

  it('starts what is built without what only the build needs, and installs that when there is something to build', () => {
    npm(project, 'prune', '--omit=dev', '--ignore-scripts');
    assert.equal(existsSync(inProject('node_modules', 'dependency')), false);
    assert.deepEqual(setup('--start'), { status: 0, said: 'third\n', installed: false, built: false });
    source('console.log("fourth");\n');
    assert.equal(setup('--build').installed, true);
    assert.equal(dependencyVersion(), '2.0.0');
    addCompiler();
    assert.match(setup('--start').said, /^fourth$/m);
  });

  it('says why nothing could be installed, and ends as npm did', () => {
    const lock = inProject('package-lock.json');
    const before = readFileSync(lock, 'utf8');
    writeFileSync(lock, before.replaceAll('2.0.0', '3.0.0'));
    const { status, said } = setup('--start');
    writeFileSync(lock, before);
    assert.notEqual(status, 0);
    assert.match(said, /npm error/);
    assert.doesNotMatch(said, /fourth/);
  });

  it('runs the program such that a signal to npm start reaches it', async () => {
    source(STAYS);
    const child = spawn('npm', ['start'], { cwd: project, env: env(), stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(child, 'exit');
    let output = '';
    let told = false;
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      output += String(chunk);
      // Once: a second one would reach npm when it has stopped listening, and end it by the signal.
      if (!told && /^stays$/m.test(output)) told = child.kill('SIGTERM');
    }
    assert.match(output, /^ended$/m);
    assert.deepEqual(await ended, [0, null]);
  });
});

describe('install scripts', () => {
  it('are run by no command of this project: the settings say so, and what is without them does', () => {
    const config = spawnSync('npm', ['config', 'get', 'ignore-scripts'], {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
    });
    assert.equal(config.stdout.trim(), 'true', config.stderr);
    for (const name of ['Dockerfile', join('.ci', 'run')]) {
      const text = readFileSync(join(PACKAGE_ROOT, name), 'utf8');
      const commands = text.split('\n').filter((line) => /\bnpm (?:ci|i|install|rebuild)\b/.test(line));
      assert.ok(commands.length > 0, name);
      for (const command of commands) assert.match(command, / --ignore-scripts\b/, name);
    }
  });

  it('are not needed by scripts of our own: npm would leave out what comes before or after one', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'),
    );
    const hooks = Object.keys(scripts).filter((name) => /^(?:pre|post|install$|prepare)/.test(name));
    assert.deepEqual(hooks, []);
  });
});

describe('the dependencies', () => {
  it('are each in ARCHITECTURE with the reason for it, and nothing else is', () => {
    const {
      dependencies,
      devDependencies,
      optionalDependencies,
    }: Record<string, Record<string, string>> = JSON.parse(
      readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'),
    );
    const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter((name) => !name.startsWith('@types/'))
      .sort();
    const text = readFileSync(join(PACKAGE_ROOT, 'ARCHITECTURE.md'), 'utf8');
    const table = text.slice(text.indexOf('## Dependencies'));
    const told = [...table.matchAll(/^\| ([^|]+) \| [^|]{2,} \|$/gm)]
      .slice(1)
      .flatMap(([, cell = '']) => cell.replace(' (optional)', '').split(', '))
      .filter((name) => !name.startsWith('@types/'))
      .sort();
    assert.deepEqual(told, names);
  });
});
