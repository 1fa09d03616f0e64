import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

// Below node_modules, where whatever stays outside of a bundle is found too.
const CACHE = join(PACKAGE_ROOT, 'node_modules', '.cache', 'marktide');

/** What reads files beside its own, is no JavaScript, or is not installed: knex names drivers of other databases. */
const OUTSIDE = [
  '@electric-sql/pglite',
  '@node-rs/argon2',
  'ccxt',
  'koa2-swagger-ui',
  'swagger-ui-dist',
].concat([
  'better-sqlite3',
  'mariadb',
  'mysql',
  'mysql2',
  'oracledb',
  'pg-native',
  'pg-query-stream',
  'sqlite3',
  'tedious',
]);

/** To load the 1,400 files of a node takes it more processor time than all that a test asks of it. */
function bundle(outdir: string, entryPoints: Record<string, string>): void {
  buildSync({
    absWorkingDir: PACKAGE_ROOT,
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: OUTSIDE,
    banner: {
      js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
}

let program: string | undefined;

/** What is built of the sources as they are before the first test (see root-hooks.ts), in few files. @returns the one to run */
export function bundledProgram(): string {
  return (program ??= keptProgram());
}

function keptProgram(): string {
  const stamp = readFileSync(join(PACKAGE_ROOT, 'dist', '.built-from'));
  const name = `node-${createHash('sha256').update(stamp).digest('hex').slice(0, 16)}`;
  const folder = join(CACHE, name);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    for (const old of readdirSync(CACHE)) {
      if (/^node-\w+$/.test(old)) rmSync(join(CACHE, old), { recursive: true, force: true });
    }
    const made = mkdtempSync(join(CACHE, 'making-'));
    bundle(made, {
      main: 'dist/app/main.js',
      // Started as threads, from beside the rest.
      'engine-worker': 'dist/db/connection/engine-worker.js',
      'exchange-worker': 'dist/streams/accounts/exchange-worker.js',
    });
    // Whole or not at all, since other processes of this run look for it too.
    try {
      renameSync(made, folder);
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return join(folder, 'main.js');
}

const scripts = new Map<string, string>();

/** A TypeScript file with all that it imports, for a process of its own. @returns the file to run */
export function bundledScript(path: string): string {
  const made = scripts.get(path) ?? newScript(path);
  scripts.set(path, made);
  return made;
}

function newScript(path: string): string {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'script-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const name = basename(path, '.ts');
  // Beside it the thread of the embedded database, which whatever opens one starts.
  bundle(folder, { [name]: path, 'engine-worker': 'db/connection/engine-worker.ts' });
  return join(folder, `${name}.js`);
}
