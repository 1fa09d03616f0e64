import { join } from 'node:path';
import type { Middleware } from 'koa';
import compose from 'koa-compose';
import mountAt from 'koa-mount';
import { WEB_FOLDER } from '../lib/process/package-info.ts';
import { staticFiles } from '../routes/middleware/static-files.ts';

/**
 * The page at `/`, and its files. A browser requests the HTML each time. The HTML names the bundles by their content,
 * so those may be cached forever. Compressed copies lie beside them.
 */
export function page(): Middleware {
  const bundles = compose([
    (ctx, next) => {
      ctx.vary('Accept-Encoding');
      return next();
    },
    staticFiles(join(WEB_FOLDER, 'assets'), { seconds: Number.POSITIVE_INFINITY, index: false }),
  ]);
  return compose([mountAt('/assets', bundles), staticFiles(WEB_FOLDER, { seconds: 0 })]);
}
