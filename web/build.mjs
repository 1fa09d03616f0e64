// Builds the page: bundles of scripts and styles, named by their content, each also compressed in advance.
// `node web/build.mjs` builds it into dist/web.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, context } from 'esbuild';

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
  jsx: 'automatic',
  jsxImportSource: 'preact',
  tsconfig: join(web, 'tsconfig.json'),
  metafile: true,
  logLevel: 'warning',
});

/** An output, and all that it imports at once. */
function closureOf(outputs, path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: imported, kind } of outputs[path].imports) {
    if (kind === 'import-statement') closureOf(outputs, imported, found);
  }
  return found;
}

/** Names the bundles in the HTML, and compresses what is worth it. */
function finish(folder, { outputs }) {
  const assets = join(folder, 'assets');
  const outputOf = (entry) => Object.keys(outputs).find((path) => outputs[path].entryPoint === entry);
  const urlOf = (path) => `/assets/${basename(path)}`;
  const main = outputOf('web/main.tsx');
  const signedIn = outputOf('web/portfolio/signed-in.tsx');
  // What is shared is named at once, or a browser would learn of it only from what imports it, a round trip later.
  const shared = new Set([...closureOf(outputs, main), ...closureOf(outputs, signedIn)]);
  const preloads = [...shared]
    .filter((path) => path !== main && path !== signedIn)
    .map((path) => `<link rel="modulepreload" href="${urlOf(path)}" />`);
  const html = readFileSync(join(web, 'index.html'), 'utf8')
    .replace('/main.css', urlOf(outputOf('web/css/main.css')))
    .replace('/main.js', urlOf(main))
    .replace('</head>', `  ${preloads.join('\n    ')}\n  </head>`);
  writeFileSync(join(folder, 'index.html'), html);
  cpSync(join(web, 'favicon.svg'), join(folder, 'favicon.svg'));
  for (const name of readdirSync(assets)) {
    const content = readFileSync(join(assets, name));
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content, { params }));
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}

/** Nothing of an earlier build stays in the folder. */
export async function buildPage(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build(optionsOf(folder));
  finish(folder, metafile);
}

/** Builds, and again after every change. */
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
