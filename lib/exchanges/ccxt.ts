/**
 * An optional dependency, so its name is hidden from the compiler. It takes half a second and 84 MB to load.
 */
export const importCcxt = (name = 'ccxt'): Promise<unknown> => import(name);

/**
 * Replaces the schemes and hosts of an exchange's URLs at every depth and keeps the paths; `null` keeps the
 * original.
 */
export function redirect(urls: unknown, { ws, rest }: { ws: string | null; rest: string | null }): unknown {
  if (typeof urls === 'string') {
    const match = /^(ws|http)s?:\/\/[^/]+(.*)$/.exec(urls);
    const base = match?.[1] === 'ws' ? ws : rest;
    return match === null || base === null ? urls : base + (match[2] ?? '');
  }
  if (urls === null || typeof urls !== 'object') return urls;
  return Object.fromEntries(Object.entries(urls).map(([key, value]) => [key, redirect(value, { ws, rest })]));
}
