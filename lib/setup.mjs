// Runs before anything is installed, so it must do with Node alone: `node lib/setup.mjs [--build]` installs the
// dependencies when they are missing or older than package-lock.json, and builds dist/ when a source is newer.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

/** Whether node_modules holds what package-lock.json asks for, whoever installed it. */
function installed() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  try {
    const wanted = read('package-lock.json');
    const present = read(join('node_modules', '.package-lock.json'));
    return Object.entries(wanted).every(([path, { version, optional, peer }]) => {
      const found = present[path];
      return (
        path === '' || (found === undefined ? optional === true || peer === true : found.version === version)
      );
    });
  } catch {
    return false;
  }
}

if (!installed()) {
  console.error('Installing dependencies (only now and after an update) …');
  // NODE_ENV=production would leave out the compiler that the build needs.
  run('npm', ['ci', '--no-audit', '--no-fund', '--include=dev']);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}

if (process.argv.includes('--build')) {
  const sources = [
    'lib',
    'db',
    'streams',
    'routes',
    'openapi',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  const stamp = join(root, 'dist', '.built');
  const builtAt = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  if (sources.some((source) => newest(join(root, source)) > builtAt)) {
    console.error('Building …');
    run(process.execPath, [
      join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      '-p',
      'tsconfig.build.json',
    ]);
    writeFileSync(stamp, '');
  }
}
