import type { Credentials } from './credentials.js';
import { refusalOf } from './problem.js';

/** The part of a browser's `window` that is used. */
export interface BrowserWindow {
  document: { cookie: string };
  navigator: {
    /** Missing on plain HTTP from another machine. */
    locks?: { request<T>(name: string, task: () => Promise<T>): Promise<T> };
  };
}

const CSRF_COOKIE = 'marktide_csrf';
/** A cookie, because a tab may see what another one wrote to `localStorage` only after it has got the lock. */
const RENEWED_COOKIE = 'marktide_renewed';
/** There is no refresh token, it is not valid, or the session belongs to another origin. */
const ENDED = new Set([400, 401, 403]);

/**
 * The session in a page's cookies. Scripts cannot read the tokens; the header repeats the readable cookie, which the
 * server demands with every change. All tabs share the session, and one of them renews it for all.
 */
export class CookieCredentials implements Credentials {
  readonly #url: string;
  readonly #window: BrowserWindow;
  readonly #onEnd: () => void;
  readonly #fetch: typeof fetch;
  /** The latest renewal at the time a request's headers were made. */
  readonly #made = new WeakMap<Record<string, string>, string>();
  #renewing: Promise<boolean> | null = null;

  constructor(
    url: string,
    { cookies, onEnd = () => undefined }: { cookies: BrowserWindow; onEnd?: () => void },
    fetcher: typeof fetch,
  ) {
    this.#url = url;
    this.#window = cookies;
    this.#onEnd = onEnd;
    this.#fetch = fetcher;
  }

  headers(): Promise<Record<string, string>> {
    const csrf = csrfToken(this.#window);
    const headers: Record<string, string> = csrf === '' ? {} : { 'x-csrf-token': csrf };
    this.#made.set(headers, this.#lastRenewal());
    return Promise.resolve(headers);
  }

  renew(refused: Record<string, string>): Promise<boolean> {
    if (csrfToken(this.#window) === '') return Promise.resolve(false);
    this.#renewing ??= this.#inTurn(() => this.#renew(this.#made.get(refused) ?? '')).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew(before: string): Promise<boolean> {
    // While this tab waited for its turn, another one may have renewed the session.
    if (this.#lastRenewal() !== before) return true;
    const response = await this.#fetch(`${this.#url}/v1/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf-token': csrfToken(this.#window) },
      body: '{}',
    });
    if (response.ok) {
      await response.body?.cancel();
      const renewal = `${Date.now()}-${Math.random()}`;
      this.#window.document.cookie = `${RENEWED_COOKIE}=${renewal}; Path=${pathOf(this.#url)}; SameSite=Strict`;
      return true;
    }
    const refusal = await refusalOf(response);
    if (!ENDED.has(refusal.status)) throw refusal;
    forgetSession(this.#window, this.#url);
    this.#onEnd();
    return false;
  }

  #lastRenewal(): string {
    return cookieOf(this.#window, RENEWED_COOKIE);
  }

  /** One tab at a time, in browsers that have locks. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const { locks } = this.#window.navigator;
    return locks === undefined ? task() : locks.request(`marktide.renewal ${this.#url}`, task);
  }
}

/** The path of a server's cookies; the server may be under a path of its host. */
function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname.replace(/(?<=.)\/+$/, '') : '/';
}

function cookieOf({ document }: BrowserWindow, name: string): string {
  const pair = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`));
  return pair === undefined ? '' : decodeURIComponent(pair.slice(name.length + 1));
}

function csrfToken(window: BrowserWindow): string {
  return cookieOf(window, CSRF_COOKIE);
}

/** Whether the page's cookies hold a session; only the server knows whether it is still valid. */
export function hasSession(window: BrowserWindow): boolean {
  return csrfToken(window) !== '';
}

/** In case the server could not be asked to end it: without this cookie, the remaining ones cannot change anything. */
export function forgetSession({ document }: BrowserWindow, url: string): void {
  document.cookie = `${CSRF_COOKIE}=; Max-Age=0; Path=${pathOf(url)}; SameSite=Strict`;
}
