import type { Context } from 'koa';
import { deviceOf, newDeviceToken } from '../../lib/tokens/device-token.ts';
import type { CountedLimit } from '../../lib/limits/rate-limiter.ts';
import { networkOf } from '../../lib/limits/network.ts';
import { DEVICE_COOKIE, setDeviceCookie } from './cookies.ts';
import { countUse } from '../middleware/limits.ts';
import type { Services } from '../http/handler-services.ts';

/** The account of a log-in attempt: a user, or an unknown e-mail address. Both are counted alike. */
export interface Account {
  userId: string | null;
  /** Identifies the e-mail address without revealing it. */
  emailHash: string;
}

export interface Attempt {
  /** The password was right: the attempt does not count. */
  succeeded(userId: string): Promise<void>;
}

/**
 * Counts an attempt to log in before the password is checked, so that parallel attempts cannot get around the limit; a
 * successful attempt is taken back. Attempts are counted
 * - by address, over all accounts: against one password tried on many accounts;
 * - by account and address, and by account from everywhere: against many passwords tried on one account.
 *
 * Anyone who knows an e-mail address could use these up and lock its owner out. So a browser that has logged in to the
 * account before has a limit of its own (OWASP's device cookies), and no other limit applies to it. API keys and
 * refresh tokens are not affected. From a new browser the owner must wait until a quarter of an hour after the attack
 * ends.
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
        // Only counts of this client alone are reset; the others keep the failures of other clients.
        if (name === 'login-pair' || name === 'login-device') await limits.forget(name, key);
        else await limits.giveBack(name, key);
      }
      setDeviceCookie(ctx, services, device === null ? newDeviceToken(tokenKey, id) : (cookie ?? ''));
    },
  };
}

/** The same for a logged-in user who confirms the password. */
export async function beginProof(
  ctx: Context,
  services: Services,
  caller: { userId: string; sessionId: string },
): Promise<{ succeeded(): Promise<void> }> {
  const key = `${caller.userId} ${caller.sessionId}`;
  await countUse(ctx, services, 'login-device', { key, userId: caller.userId });
  return { succeeded: () => services.limits.forget('login-device', key) };
}
