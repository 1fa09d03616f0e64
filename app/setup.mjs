// Runs before anything is installed, so it may use nothing but Node: `node app/setup.mjs [--build | --start | --dev]`
// installs the dependencies unless they match package-lock.json, builds dist/ if a source has changed, and starts it.
// With --dev it runs the sources instead, and the server and the page follow every change.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Marktide needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Whether node_modules matches package-lock.json, whoever installed it.
 * @param toBuild also what only development and the build need, which an installation may have pruned
 */
function installed(toBuild) {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  try {
    const wanted = read('package-lock.json');
    const present = read(join('node_modules', '.package-lock.json'));
    return Object.entries(wanted).every(([path, { version, optional, peer, dev, devOptional }]) => {
      const found = present[path];
      if (found !== undefined) return found.version === version;
      return path === '' || optional || peer || (!toBuild && (dev || devOptional));
    });
  } catch {
    return false;
  }
}

/** Everything that the build is made from. */
const SOURCES = [
  'app',
  'lib',
  'db',
  'streams',
  'routes',
  'openapi',
  'web',
  'LICENSE',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.client.json',
  'tsconfig.streams.json',
];

/** Covers names and contents: times would miss a source that was removed, or copied with its old time. */
function fingerprint() {
  const hash = createHash('sha256');
  const add = (path, entry) => {
    if (entry.isDirectory()) {
      const entries = readdirSync(join(root, path), { withFileTypes: true });
      for (const each of entries.sort((a, b) => (a.name < b.name ? -1 : 1)))
        add(`${path}/${each.name}`, each);
    } else {
      const content = readFileSync(join(root, path));
      hash.update(`${path}\n${content.length}\n`).update(content);
    }
  };
  const top = readdirSync(root, { withFileTypes: true });
  for (const name of SOURCES) {
    const entry = top.find((each) => each.name === name);
    if (entry !== undefined) add(name, entry);
  }
  return hash.digest('hex');
}

const [isToBuild, isToStart] = ['--build', '--start'].map((flag) => process.argv.includes(flag));
const dist = join(root, 'dist');
const stamp = join(dist, '.built-from');
const sources = isToBuild || isToStart ? fingerprint() : null;
const isBuilt = sources !== null && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;

if (!installed(!isBuilt)) {
  console.error('Installing dependencies (only now and after an update) …');
  // NODE_ENV=production would leave out the compiler that the build needs. No package needs its install script.
  run('npm', ['ci', '--no-audit', '--no-fund', '--include=dev', '--ignore-scripts']);
}

if (sources !== null && !isBuilt) {
  console.error('Building …');
  // Output of a removed source would stay forever; and without its stamp, a failed build is tried again.
  rmSync(dist, { recursive: true, force: true });
  run(process.execPath, [join('app', 'build.mjs')]);
  writeFileSync(stamp, sources);
}

if (isToStart) {
  // In this process, because npm passes signals on to it.
  process.setSourceMapsEnabled(true);
  await import('../dist/app/main.js');
}

if (process.argv.includes('--dev')) {
  const { watchPage } = await import('../web/build.mjs');
  await watchPage(join(root, 'dist', 'web'));
  const server = spawn(process.execPath, ['--watch', '--import', 'tsx', join('app', 'main.ts')], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
  server.on('exit', (code) => process.exit(code ?? 1));
}
