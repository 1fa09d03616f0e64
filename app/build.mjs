// Builds dist/: the program, the types of what the package exports, the page, and the client as a package without
// dependencies.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from '../web/build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function compile(project) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// The second is the types of `marktide/client`, checked as for a browser; the third those of `marktide/streams`.
for (const project of ['tsconfig.build.json', 'tsconfig.client.json', 'tsconfig.streams.json'])
  compile(project);

await buildPage(join(root, 'dist', 'web'));

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const client = join(root, 'dist', 'lib', 'client');
const manifest = { ...read('lib/client/package.json'), version: read('package.json').version };
writeFileSync(join(client, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(root, 'lib', 'client', 'README.md'), join(client, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(client, 'LICENSE'));
