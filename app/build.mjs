// Builds dist/: the program, the types of what the package exports, the page, and the client as a package without
// dependencies.
import { spawnSync } from 'node:child_process';
import { copyFileSync, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { create } from 'tar';
import { buildPage } from '../web/build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function compile(project) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  // Types are taken away here and checked by `npm run check`: that takes ten times as long as all the rest of the build.
  const args = [tsc, '-p', project, '--noCheck'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// The second is the types of `marktide/client`, the third those of `marktide/streams`.
for (const project of ['tsconfig.build.json', 'tsconfig.client.json', 'tsconfig.streams.json'])
  compile(project);

// A new cluster of the embedded database: see db/connection/new-cluster.ts.
const folder = mkdtempSync(join(tmpdir(), 'marktide-cluster-'));
await (await PGlite.create(folder)).close();
const cluster = createWriteStream(join(root, 'dist', 'new-cluster.tar.gz'));
await finished(create({ gzip: true, portable: true, cwd: folder }, ['.']).pipe(cluster));
rmSync(folder, { recursive: true });

await buildPage(join(root, 'dist', 'web'));

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const client = join(root, 'dist', 'lib', 'client');
const manifest = { ...read('lib/client/package.json'), version: read('package.json').version };
writeFileSync(join(client, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(root, 'lib', 'client', 'README.md'), join(client, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(client, 'LICENSE'));
