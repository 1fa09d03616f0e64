import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import compose from 'koa-compose';
import type { Middleware } from 'koa';
import mountAt from 'koa-mount';
import { entityTag } from '../routes/http/conditional.ts';
import { PACKAGE_ROOT } from '../lib/process/package-info.ts';
import { onlyReads } from '../routes/middleware/read-only.ts';
import { staticFiles } from '../routes/middleware/static-files.ts';

const ASSETS = '/docs/assets';
const SCRIPT = '/docs/page.js';
/** Relative, as the page may be under a `BASE_PATH`. */
const FROM_PAGE = 'docs';
const GOOGLE_FONTS = /<link href="https:\/\/fonts\.googleapis\.com[^>]*>/;
const FAVICONS = /(?:<link [^>]*favicon[^>]*>\s*)+/;
const INLINE_SCRIPT = /<script>([\s\S]*?)<\/script>/g;

/** Swagger UI at `/docs`, with its assets from this server: it works without the internet, under a strict policy. */
export function docsPage(): Middleware {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  let renderer: Promise<Middleware> | undefined;
  const files = staticFiles(folder, { seconds: 3_600, index: false });
  const assets = mountAt(ASSETS, files);

  const page: Middleware = async (ctx, next) => {
    renderer ??= loadRenderer();
    await (
      await renderer
    )(ctx, next);
    // The template refers to files that do not exist here, and to a font on another host.
    const html = String(ctx.body)
      .replace(GOOGLE_FONTS, '')
      .replace('swagger-ui.min.css', 'swagger-ui.css')
      // Before Swagger UI, whose calls it listens to.
      .replace('<script ', `<script src="${SCRIPT.slice(1)}"></script>\n<script `)
      .replace(FAVICONS, '<link rel="icon" href="favicon.svg" type="image/svg+xml">');
    const hashes = [...html.matchAll(INLINE_SCRIPT)].map(
      ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    );
    ctx.set(
      'Content-Security-Policy',
      [
        "default-src 'self'",
        `script-src 'self' ${hashes.join(' ')}`,
        // Swagger UI sets style attributes as it draws.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    );
    ctx.set({ 'Cache-Control': 'public, no-cache', ETag: entityTag(html) });
    ctx.body = html;
  };
  const script: Middleware = (ctx) => {
    ctx.type = 'text/javascript';
    ctx.body = readFileSync(join(PACKAGE_ROOT, 'openapi', 'docs-page.js'), 'utf8');
    ctx.set({ 'Cache-Control': 'public, no-cache', ETag: entityTag(String(ctx.body)) });
    return Promise.resolve();
  };
  return compose([
    assets,
    onlyReads(({ path }) => path === SCRIPT, script),
    onlyReads(({ path }) => path === '/docs', page),
  ]);
}

/** Loaded on the first request: its template engine would take a good part of the time of a start. */
async function loadRenderer(): Promise<Middleware> {
  const { koaSwagger } = await import('koa2-swagger-ui');
  return koaSwagger({
    routePrefix: '/docs',
    title: 'Marktide API',
    hideTopbar: true,
    swaggerCdnUrl: FROM_PAGE,
    swaggerVersion: 'assets',
    swaggerOptions: { url: 'openapi.json', persistAuthorization: false, deepLinking: true },
  });
}
