import type { KeyObject } from 'node:crypto';
import jwt from 'koa-jwt';
import type { Context } from 'koa';
import type { Clock } from '../../lib/clock.ts';
import { STREAM_AUDIENCE } from '../../lib/tokens/stream-token.ts';
import { TOKEN_ALGORITHM, TOKEN_AUDIENCE, TOKEN_ISSUER, verifyEdwards } from '../../lib/tokens/token.ts';
import type { TokenKey } from '../../lib/tokens/token-keys.ts';

/** The claims of a token; throws for one that is not ours. */
export type Verification = (ctx: Context, token: string) => Promise<unknown>;

type KoaJwtOptions = Omit<Parameters<typeof jwt>[0], 'key' | 'getToken'>;

/**
 * koa-jwt as a middleware, on the context of the request. It is not mounted with `app.use`: which key it needs, and
 * whether the endpoint takes a token at all, is only known here.
 */
function byKoaJwt(options: KoaJwtOptions): Verification {
  const verify = jwt({ ...options, key: 'claims', getToken: (ctx) => String(ctx.state['token']) });
  return async (ctx, token) => {
    // koa-jwt would use this instead of its option.
    delete ctx.state['secret'];
    ctx.state['token'] = token;
    await verify(ctx, () => Promise.resolve());
    return ctx.state['claims'];
  };
}

/** For one key: accepts only the key's own algorithm, whatever the token's header says. */
export function accessTokenVerification({ key, algorithm }: TokenKey, clock: Clock): Verification {
  if (algorithm === 'EdDSA') return (_ctx, token) => verifyEdwards(key, token, clock.now());
  return byKoaJwt({ secret: key, algorithms: [algorithm], audience: TOKEN_AUDIENCE, issuer: TOKEN_ISSUER });
}

/** Ignores the expiry: an expired stream token re-opens its own streams. */
export function streamTokenVerification(key: KeyObject): Verification {
  return byKoaJwt({
    secret: key,
    algorithms: [TOKEN_ALGORITHM],
    audience: STREAM_AUDIENCE,
    issuer: TOKEN_ISSUER,
    ignoreExpiration: true,
  });
}
