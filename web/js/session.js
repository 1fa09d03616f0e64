import { Backoff } from './backoff.js';
import { csrfToken, forgetCsrfToken, request, RequestError } from './request.js';

const TABS = 'marktide.session';
const EXPIRY = 'marktide.expiresAt';
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/** There is no session any more: only signing in helps. */
export class SignedOutError extends Error {
  constructor() {
    super('signed out');
    this.name = 'SignedOutError';
  }
}

/**
 * The signed-in user. Both tokens are in HttpOnly cookies, out of reach of any script; what is kept here is who the user
 * is and when the access token must be renewed. All tabs have one session: signing in or out in one does so in all.
 *
 * `onEnd(why)`: the session is over, ended by the server (`ended`) or by another tab (`elsewhere`). `onChange()`: in
 * another tab somebody has signed in; `resume` tells who.
 */
export class Session {
  #storage;
  #onEnd;
  #onChange;
  #renewing = null;
  #timer = null;
  #backoff = new Backoff();
  #tabs = new BroadcastChannel(TABS);
  user = null;

  constructor({ storage, onEnd, onChange }) {
    this.#storage = storage;
    this.#onEnd = onEnd;
    this.#onChange = onChange;
    this.#tabs.addEventListener('message', ({ data }) => this.#hear(data));
  }

  /** There may be a session to go on with; `resume` tells whether it is still good. */
  get kept() {
    return csrfToken() !== '';
  }

  /** @throws RequestError */
  async signIn(email, password) {
    const { expiresIn, user } = await request('POST', '/v1/auth/login', { body: { email, password } });
    this.user = user;
    this.#good(expiresIn);
    this.#tabs.postMessage({ type: 'signed-in', userId: user.id });
  }

  /** Goes on with the session of the cookies. @throws SignedOutError, RequestError */
  async resume() {
    if (!this.kept) throw new SignedOutError();
    // How long the token is still good, only the tab that got it was told.
    const left = this.#expiresAt - Date.now();
    if (left < 5_000) await this.renew();
    else this.#renewIn(left * 0.5);
    try {
      this.user = await request('GET', '/v1/auth/me');
    } catch (error) {
      if (error.status !== 401) throw error;
      await this.renew();
      this.user = await request('GET', '/v1/auth/me');
    }
  }

  /** Exchanges the refresh token, once however many ask at the same time. @throws SignedOutError, RequestError */
  renew() {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** @returns whether the server confirmed it: on this page it is over in any case */
  async signOut() {
    const confirmed = await this.#logOut().then(
      () => true,
      (error) => error instanceof SignedOutError || error.status === 401,
    );
    this.#tabs.postMessage({ type: 'signed-out' });
    this.#drop();
    return confirmed;
  }

  async #logOut() {
    try {
      await request('POST', '/v1/auth/logout');
    } catch (error) {
      if (error.status !== 401) throw error;
      // Only a good access token can end the session with all that hangs on it.
      await this.renew();
      await request('POST', '/v1/auth/logout');
    }
  }

  async #renew() {
    const before = this.#expiresAt;
    await inTurn(async () => {
      // While waiting, another tab may have renewed it for all.
      if (this.#expiresAt !== before && this.#expiresAt > Date.now() + 5_000) return;
      await this.#exchange();
    });
  }

  async #exchange() {
    try {
      // An empty body: the refresh token is in its cookie.
      const { expiresIn } = await request('POST', '/v1/auth/refresh', { body: {} });
      this.#good(expiresIn);
    } catch (error) {
      if (!(error instanceof RequestError) || ![400, 401, 403].includes(error.status)) throw error;
      const wasOpen = this.user !== null;
      this.#drop();
      if (wasOpen) this.#onEnd('ended');
      throw new SignedOutError();
    }
  }

  #hear({ type, userId, expiresAt }) {
    if (type === 'renewed') this.#renewIn((expiresAt - Date.now()) * spread());
    if (type === 'signed-in' && userId !== this.user?.id) this.#onChange();
    if (type === 'signed-out' && this.user !== null) {
      this.#drop();
      this.#onEnd('elsewhere');
    }
  }

  get #expiresAt() {
    return Number(this.#storage.getItem(EXPIRY) ?? 0);
  }

  #good(expiresIn) {
    const expiresAt = Date.now() + expiresIn * 1000;
    this.#storage.setItem(EXPIRY, String(expiresAt));
    this.#backoff.reset();
    this.#tabs.postMessage({ type: 'renewed', expiresAt });
    this.#renewIn(expiresIn * 1000 * spread());
  }

  #renewIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.renew().catch((error) => {
          if (error instanceof SignedOutError) return;
          this.#renewIn(this.#backoff.next(error.retryAfterMs));
        });
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#storage.removeItem(EXPIRY);
    // Where the server could not be told, its cookies remain; without this one nothing can be changed with them.
    forgetCsrfToken();
    this.user = null;
  }
}

/** Well before the end, and not in step with other tabs. */
function spread() {
  return 0.7 + Math.random() * 0.1;
}

/** One tab at a time, where the browser has locks (it has none on plain http from another machine). */
function inTurn(task) {
  return navigator.locks === undefined ? task() : navigator.locks.request(TABS, task);
}
