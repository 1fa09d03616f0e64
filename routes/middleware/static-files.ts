import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context, Middleware } from 'koa';
import serve from 'koa-static';
import { entityTag } from '../http/conditional.ts';
import { onlyReads } from './read-only.ts';

/** The longest time that browsers honour. */
const YEAR_SECONDS = 31_536_000;

function cacheControl(seconds: number): string {
  if (seconds === 0) return 'public, no-cache';
  return seconds === Number.POSITIVE_INFINITY
    ? `public, max-age=${YEAR_SECONDS}, immutable`
    : `public, max-age=${seconds}`;
}

/**
 * The files of a folder.
 * @param options.index whether a folder is answered with its `index.html`
 * @param options.seconds how long a browser may use a file without asking again; 0: it asks each time; forever for
 *   files whose names change with their content
 */
export function staticFiles(
  folder: string,
  { seconds, index = true }: { seconds: number; index?: boolean },
): Middleware {
  const files = serve(folder, {
    index: index && 'index.html',
    setHeaders(res, _path, { size, mtimeMs }) {
      res.setHeader('Cache-Control', cacheControl(seconds));
      res.setHeader('ETag', entityTag(`${size} ${mtimeMs}`));
    },
  });
  const isFile = async ({ method, path }: Context): Promise<boolean> => {
    // For GET and HEAD, koa-static itself decides whether there is such a file.
    if (method === 'GET' || method === 'HEAD') return true;
    const file = index && path.endsWith('/') ? `${path}index.html` : path;
    if (!/^(?:\/[\w-]+(?:\.[\w-]+)*)+$/.test(file)) return false;
    return (await stat(join(folder, file)).catch(() => null))?.isFile() === true;
  };
  return onlyReads(isFile, files);
}
