import { type Client, type components, createClient } from 'marktide/client';
import { language } from './page/locale.ts';

type Schemas = components['schemas'];
export type Portfolio = Schemas['Portfolio'];
export type Pnl = Schemas['Pnl'];
export type Holdings = Schemas['Holdings'];
export type Holding = Schemas['Holding'];
export type Ticker = Schemas['Ticker'];
export type LedgerChange = Schemas['LedgerChange'];
export type ImportProgress = Schemas['ImportProgress'];
export type Notice = Schemas['Notice'];
export type Warning = Schemas['Warning'];
export type Me = Schemas['Me'];
export type User = Schemas['User'];
export type ListedTrade = Schemas['ListedTrade'];
export type Invitation = Schemas['Invitation'];
export type ExchangeAccount = Schemas['ExchangeAccount'];
export type ExchangeAccounts = Schemas['ExchangeAccounts'];
export type Decision = Schemas['ImportDecision'];
export type Performance = Schemas['Performance'];
export type Api = Client['api'];

/** URL of the server. The page is at its root, which a proxy may have put under a path. */
export const BASE_URL = new URL('.', location.href).href.replace(/\/$/, '');
/**
 * Pages of other servers may be under other paths of the same origin, and share everything that belongs to
 * the origin with this one.
 */
export const BASE_PATH = new URL(BASE_URL).pathname.replace(/\/$/, '');

/** A client of the page's own server, with the session in its cookies. */
export function connect(onEnd: () => void): Client {
  return createClient({
    url: BASE_URL,
    login: { cookies: window, onEnd },
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      // The page's language, which need not be the browser's.
      headers.set('accept-language', language);
      // Revalidates each time, so that an ETag saves the body.
      return fetch(input, { cache: 'no-cache', ...init, headers });
    },
  });
}
