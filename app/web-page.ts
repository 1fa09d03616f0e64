import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Middleware } from 'koa';
import compose from 'koa-compose';
import mountAt from 'koa-mount';
import type { Clock } from '../lib/clock.ts';
import { entityTag } from '../routes/http/conditional.ts';
import { WEB_FOLDER } from '../lib/package-info.ts';
import { onlyReads } from '../routes/middleware/read-only.ts';
import { staticFiles } from '../routes/middleware/static-files.ts';

const VENDOR_FOLDER = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');
const VERSIONED = /^\/assets\/([\w-]+)(\/.+)$/;
/** What the page's HTML refers to. */
const ASSET_URL = /"(\/(?:css|js|vendor)\/)/g;
const CHECK_MS = 1_000;

interface Version {
  /** Changes with the content of any file of the page. */
  hash: string;
  /** The HTML. */
  text: string;
}

/** A file that is about to change makes another one of these. */
function signatureOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return files
    .map((file) => {
      const { mtimeMs, size } = statSync(join(folder, file));
      return `${file} ${mtimeMs} ${size}`;
    })
    .join('\n');
}

function filesOf(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

function versionOf(): Version {
  const hash = createHash('sha256');
  for (const [folder, ending] of [
    [WEB_FOLDER, ''],
    [VENDOR_FOLDER, '.esm.js'],
    [VENDOR_FOLDER, '.css'],
  ] as const) {
    for (const file of filesOf(folder, ending)) {
      const path = join(folder, file);
      if (statSync(path).isFile()) hash.update(`${file}\n`).update(readFileSync(path));
    }
  }
  const name = hash.digest('base64url').slice(0, 16);
  // Modules are named at once, or the browser would learn of each only from those that import it, one round trip each.
  const modules = [
    ...filesOf(join(WEB_FOLDER, 'js'), '.js').map((file) => `/js/${file}`),
    '/vendor/uPlot.esm.js',
  ];
  const preloads = modules.map((url) => `<link rel="modulepreload" href="${url}" />`).join('\n    ');
  const text = readFileSync(join(WEB_FOLDER, 'index.html'), 'utf8')
    .replace('</head>', `  ${preloads}\n  </head>`)
    .replace(ASSET_URL, `"/assets/${name}$1`);
  return { hash: name, text };
}

/**
 * The page at `/`, and its files. The HTML is asked for each time and names the files by a path that changes with their
 * content: those may be kept for good, and no page is ever made of files of two versions.
 */
export function page(clock: Clock): Middleware {
  const files = compose([
    mountAt('/vendor', staticFiles(VENDOR_FOLDER, { seconds: 0, index: false })),
    staticFiles(WEB_FOLDER, { seconds: 0, index: false }),
  ]);
  let current: Version | null = null;
  let signature = '';
  let checkedAt = Number.NEGATIVE_INFINITY;

  /** Files change under a server in development only, but there it should not have to be started anew. */
  function version(): Version {
    const now = clock.monotonic();
    if (current !== null && now - checkedAt < CHECK_MS) return current;
    checkedAt = now;
    const found = signatureOf(WEB_FOLDER);
    if (current === null || found !== signature) current = versionOf();
    signature = found;
    return current;
  }

  const html = onlyReads(
    ({ path }) => path === '/' || path === '/index.html',
    (ctx) => {
      const { hash, text } = version();
      ctx.type = 'html';
      ctx.set({ 'Cache-Control': 'public, no-cache', ETag: entityTag(hash) });
      ctx.body = text;
      return Promise.resolve();
    },
  );

  const versioned: Middleware = async (ctx, next) => {
    const [, hash, path] = VERSIONED.exec(ctx.path) ?? [];
    if (path === undefined) return next();
    ctx.path = path;
    await next();
    // Of another version (a page that was open during an upgrade, a node that is not upgraded yet): not to be kept.
    const kept = hash === version().hash ? 'public, max-age=31536000, immutable' : 'no-store';
    if (ctx.status === 200) ctx.set('Cache-Control', kept);
    return undefined;
  };

  return compose([html, versioned, files]);
}
