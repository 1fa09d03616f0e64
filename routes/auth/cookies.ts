import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';
import { problem } from '../../lib/problem.ts';
import type { Services } from '../http/handler-services.ts';

/** The cookies of a session. Scripts cannot read the first two. */
export const ACCESS_COOKIE = 'marktide_access';
export const REFRESH_COOKIE = 'marktide_refresh';
/** Read by the page, which sends its value back in the header: proof that the page may read our cookies. */
export const CSRF_COOKIE = 'marktide_csrf';
export const CSRF_HEADER = 'X-CSRF-Token';

/** Outlives the session: see routes/auth/login-attempts.ts. */
export const DEVICE_COOKIE = 'marktide_device';
const DEVICE_DAYS = 180;

/** Under `BASE_PATH`. */
const PATHS = {
  [ACCESS_COOKIE]: '/v1',
  [REFRESH_COOKIE]: '/v1/auth',
  [CSRF_COOKIE]: '',
  [DEVICE_COOKIE]: '/v1/auth/login',
};
type CookieName = keyof typeof PATHS;

interface Setting {
  value: string | null;
  seconds: number;
}

function setCookie(
  ctx: Context,
  { config }: Pick<Services, 'config'>,
  name: CookieName,
  { value, seconds }: Setting,
): void {
  ctx.cookies.set(name, value, {
    httpOnly: name !== CSRF_COOKIE,
    sameSite: 'strict',
    path: config.BASE_PATH + PATHS[name] || '/',
    ...(value === null ? {} : { maxAge: seconds * 1000 }),
    secure: ctx.secure,
    overwrite: true,
  });
}

/** Sets the cookies of a session. The CSRF cookie keeps its value, so that tabs do not race for it. */
export function setSessionCookies(
  ctx: Context,
  services: Services,
  session: { id: string; accessToken: string; refreshToken: string },
): void {
  const { config, tokenKey } = services;
  const csrf = createHmac('sha256', tokenKey).update(`csrf ${session.id}`).digest('base64url');
  setCookie(ctx, services, ACCESS_COOKIE, { value: session.accessToken, seconds: config.ACCESS_TOKEN_TTL });
  setCookie(ctx, services, REFRESH_COOKIE, {
    value: session.refreshToken,
    seconds: config.REFRESH_TOKEN_TTL,
  });
  setCookie(ctx, services, CSRF_COOKIE, { value: csrf, seconds: config.REFRESH_TOKEN_TTL });
}

/** Distinguishes this browser from others that try to log in to the account. */
export function setDeviceCookie(ctx: Context, services: Pick<Services, 'config'>, token: string): void {
  setCookie(ctx, services, DEVICE_COOKIE, { value: token, seconds: DEVICE_DAYS * 86_400 });
}

export function clearSessionCookies(ctx: Context, services: Pick<Services, 'config'>): void {
  for (const name of [ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE] as const) {
    setCookie(ctx, services, name, { value: null, seconds: 0 });
  }
}

/** Whether the request comes from a page of this host or of an allowed origin. */
export function isOwnOrigin(ctx: Context, allowed: readonly string[]): boolean {
  const origin = ctx.get('Origin');
  if (allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === ctx.host;
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/**
 * The value of a cookie that authorises a change. Browsers send cookies by themselves, so the request must also come
 * from one of our pages (`Origin`, which scripts cannot set) and repeat the CSRF cookie in a header (which forms cannot
 * set).
 * @returns `null` without the cookie or without the header, whose absence means that the cookie was not sent on purpose
 * @throws 403 if the proof fails
 */
export function writingCookie(ctx: Context, name: CookieName, { config }: Services): string | null {
  const value = ctx.cookies.get(name);
  const repeated = ctx.get(CSRF_HEADER);
  if (value === undefined || repeated === '') return null;
  if (!isOwnOrigin(ctx, config.CORS_ORIGINS)) {
    throw problem('forbidden', {
      detail: 'Cookies authorise changes from pages of this origin only. Use an access token or an API key.',
    });
  }
  if (!isSame(repeated, ctx.cookies.get(CSRF_COOKIE) ?? '')) {
    throw problem('forbidden', { detail: `${CSRF_HEADER} must be the value of the cookie ${CSRF_COOKIE}.` });
  }
  return value;
}
