import type { Context } from 'koa';
import { deviceOf, newDeviceToken } from '../../lib/tokens/device-token.ts';
import type { CountedLimit } from '../../lib/limits/rate-limiter.ts';
import { networkOf } from '../../lib/limits/network.ts';
import { DEVICE_COOKIE, setDeviceCookie } from './cookies.ts';
import { countUse } from '../middleware/limits.ts';
import type { Services } from '../http/handler-services.ts';

/** Whom somebody tries to log in as: a user, or an address that is no user's. Both are counted alike. */
export interface Account {
  userId: string | null;
  /** Stands for the e-mail address, without telling it. */
  emailHash: string;
}

export interface Attempt {
  /** The password was right: the attempt counts for nothing. */
  succeeded(userId: string): Promise<void>;
}

/**
 * Counts an attempt to log in before the password is looked at, so that many at once are no way around it; what
 * succeeds is taken back. Attempts are counted
 * - by address, whatever the account: for who tries one password on many accounts;
 * - by account and address, and by account from everywhere: for who tries many passwords on one.
 *
 * Whoever knows an e-mail address could use these up and keep its owner out. So a browser that has logged in to the
 * account before is counted for itself alone (OWASP's device cookies), and no other limit holds for it. API keys and
 * refresh tokens are not touched either. From a new browser the owner has to wait while a horde of addresses is at it,
 * at most until a quarter of an hour after it has ended.
 * @throws 429
 */
export async function beginAttempt(
  ctx: Context,
  services: Services,
  { userId, emailHash }: Account,
): Promise<Attempt> {
  const { tokenKey, limits } = services;
  const network = networkOf(ctx.ip);
  const account = userId ?? emailHash;
  const cookie = ctx.cookies.get(DEVICE_COOKIE);
  const device = deviceOf(tokenKey, account, cookie);
  const counted: [CountedLimit, string][] =
    device === null
      ? [
          ['login-address', network],
          ['login-pair', `${account} ${network}`],
          ['login-account', account],
        ]
      : [['login-device', `${account} ${device}`]];
  for (const [name, key] of counted) await countUse(ctx, services, name, { key, userId });
  return {
    async succeeded(id) {
      for (const [name, key] of counted) {
        // Only what nobody else adds to begins anew; of the rest, others' failures stay.
        if (name === 'login-pair' || name === 'login-device') await limits.forget(name, key);
        else await limits.giveBack(name, key);
      }
      setDeviceCookie(ctx, device === null ? newDeviceToken(tokenKey, id) : (cookie ?? ''));
    },
  };
}

/** The same for who is logged in already and proves the password again. */
export async function beginProof(
  ctx: Context,
  services: Services,
  caller: { userId: string; sessionId: string },
): Promise<{ succeeded(): Promise<void> }> {
  const key = `${caller.userId} ${caller.sessionId}`;
  await countUse(ctx, services, 'login-device', { key, userId: caller.userId });
  return { succeeded: () => services.limits.forget('login-device', key) };
}
