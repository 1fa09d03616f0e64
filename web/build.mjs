// Builds the page: bundles of scripts and styles, named by their content and compressed in advance. `node
// web/build.mjs` builds it into dist/web.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, buildSync, context } from 'esbuild';

const web = dirname(fileURLToPath(import.meta.url));
const root = dirname(web);

const optionsOf = (folder) => ({
  absWorkingDir: root,
  entryPoints: [join(web, 'main.tsx'), join(web, 'css', 'main.css')],
  outdir: join(folder, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2023',
  minify: true,
  // Korean is half as long as with escapes.
  charset: 'utf8',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  tsconfig: join(web, 'tsconfig.json'),
  metafile: true,
  logLevel: 'warning',
});

/** An output and everything it imports statically. */
function closureOf(outputs, path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: imported, kind } of outputs[path].imports) {
    if (kind === 'import-statement') closureOf(outputs, imported, found);
  }
  return found;
}

/**
 * The worker stores the files of this version. Its name stays the same, since browsers look for a new version
 * there.
 */
function buildWorker(folder) {
  const assets = readdirSync(join(folder, 'assets')).filter((name) => /\.(?:js|css)$/.test(name));
  const files = ['favicon.svg', ...assets.sort().map((name) => `assets/${name}`)];
  const html = readFileSync(join(folder, 'index.html'));
  const version = createHash('sha256').update(html).update(files.join()).digest('hex').slice(0, 12);
  buildSync({
    absWorkingDir: root,
    entryPoints: [join(web, 'worker', 'service-worker.ts')],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'iife',
    target: 'es2023',
    minify: true,
    define: { VERSION: JSON.stringify(version), FILES: JSON.stringify(files) },
    tsconfig: join(web, 'tsconfig.json'),
    logLevel: 'warning',
  });
}

/** Names the bundles in the HTML, and compresses files where that helps. */
function finish(folder, { outputs }) {
  const assets = join(folder, 'assets');
  const outputOf = (entry) => Object.keys(outputs).find((path) => outputs[path].entryPoint === entry);
  // Relative, because the page may be under a BASE_PATH.
  const urlOf = (path) => `assets/${basename(path)}`;
  const main = outputOf('web/main.tsx');
  const signedIn = outputOf('web/portfolio/signed-in.tsx');
  // Shared bundles are listed too: otherwise a browser would find them only in their importers, a round trip
  // later.
  const first = closureOf(outputs, main);
  const preloads = [...first]
    .filter((path) => path !== main)
    .map((path) => `<link rel="modulepreload" href="${urlOf(path)}" />`);
  const next = [...closureOf(outputs, signedIn)].filter((path) => !first.has(path)).map(urlOf);
  const html = readFileSync(join(web, 'index.html'), 'utf8')
    .replace('main.css', urlOf(outputOf('web/css/main.css')))
    .replace('main.js', urlOf(main))
    .replace('signed-in.js', next.join(' '))
    .replace('</head>', `  ${preloads.join('\n    ')}\n  </head>`);
  writeFileSync(join(folder, 'index.html'), html);
  for (const name of ['favicon.svg', 'manifest.json']) cpSync(join(web, name), join(folder, name));
  buildWorker(folder);
  for (const name of readdirSync(assets)) {
    const content = readFileSync(join(assets, name));
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content, { params }));
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}

/** Clears the folder first. */
export async function buildPage(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build(optionsOf(folder));
  finish(folder, metafile);
}

/** Builds now and again after every change. */
export async function watchPage(folder) {
  const plugin = {
    name: 'page',
    setup(page) {
      page.onStart(() => rmSync(join(folder, 'assets'), { recursive: true, force: true }));
      page.onEnd(({ metafile }) => metafile !== undefined && finish(folder, metafile));
    },
  };
  await (await context({ ...optionsOf(folder), plugins: [plugin] })).watch();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPage(join(root, 'dist', 'web'));
