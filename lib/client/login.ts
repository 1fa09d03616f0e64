import { type BrowserWindow, CookieCredentials } from './cookie-credentials.js';
import type { Credentials } from './credentials.js';
import { TokenCredentials, type Tokens } from './token-credentials.js';

/** How a client authenticates. */
export type Login =
  | { apiKey: string }
  | { email: string; password: string }
  /** Tokens obtained elsewhere. Without a refresh token they cannot be renewed. */
  | Tokens
  /**
   * The session in the cookies of a page that the server itself serves: `{ cookies: window }`. `api.login` starts it.
   * `onEnd` is called when the server has ended it.
   */
  | { cookies: BrowserWindow; onEnd?: () => void };

const NONE: Credentials = {
  headers: () => Promise.resolve({}),
  renew: () => Promise.resolve(false),
};

export function credentialsOf(url: string, login: Login | null, fetcher: typeof fetch): Credentials {
  if (login === null) return NONE;
  if ('cookies' in login) return new CookieCredentials(url, login, fetcher);
  if (!('apiKey' in login)) return new TokenCredentials(url, login, fetcher);
  const { apiKey } = login;
  return { ...NONE, headers: () => Promise.resolve({ 'x-api-key': apiKey }) };
}
