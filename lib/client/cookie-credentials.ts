import type { Credentials } from './credentials.js';
import { refusalOf } from './problem.js';

/** What is needed of a browser's `window`. */
export interface BrowserWindow {
  document: { cookie: string };
  navigator: {
    /** Missing on plain http from another machine. */
    locks?: { request<T>(name: string, task: () => Promise<T>): Promise<T> };
  };
}

const CSRF_COOKIE = 'marktide_csrf';
const LOCK = 'marktide.renewal';
/** A cookie, since what one tab writes into `localStorage` may reach another only after the lock has. */
const RENEWED_COOKIE = 'marktide_renewed';
/** No refresh token, one that is not valid, or a session of another origin. */
const ENDED = new Set([400, 401, 403]);

/**
 * The session in a page's cookies. The tokens are out of reach of scripts; the header repeats what scripts may read, which
 * the server asks for with every change. All tabs share the session: one of them renews it for all.
 */
export class CookieCredentials implements Credentials {
  readonly #url: string;
  readonly #window: BrowserWindow;
  readonly #onEnd: () => void;
  readonly #fetch: typeof fetch;
  /** The renewal that was the last when a request's headers were made. */
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
      this.#window.document.cookie = `${RENEWED_COOKIE}=${renewal}; Path=/; SameSite=Strict`;
      return true;
    }
    const refusal = await refusalOf(response);
    if (!ENDED.has(refusal.status)) throw refusal;
    forgetSession(this.#window);
    this.#onEnd();
    return false;
  }

  #lastRenewal(): string {
    return cookieOf(this.#window, RENEWED_COOKIE);
  }

  /** One tab at a time, where the browser has locks. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const { locks } = this.#window.navigator;
    return locks === undefined ? task() : locks.request(LOCK, task);
  }
}

function cookieOf({ document }: BrowserWindow, name: string): string {
  const pair = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`));
  return pair === undefined ? '' : decodeURIComponent(pair.slice(name.length + 1));
}

function csrfToken(window: BrowserWindow): string {
  return cookieOf(window, CSRF_COOKIE);
}

/** Whether the page's cookies hold a session; only the server knows whether it is still good. */
export function hasSession(window: BrowserWindow): boolean {
  return csrfToken(window) !== '';
}

/** Where the server could not be asked to end it: without this cookie, the others that remain can change nothing. */
export function forgetSession({ document }: BrowserWindow): void {
  document.cookie = `${CSRF_COOKIE}=; Max-Age=0; Path=/; SameSite=Strict`;
}
