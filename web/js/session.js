import { Backoff } from './backoff.js';
import { request, RequestError } from './request.js';

const TABS = 'marktide.session';
const KEPT = 'marktide.refreshToken';
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/** There is no session any more: only signing in helps. */
export class SignedOutError extends Error {
  constructor() {
    super('signed out');
    this.name = 'SignedOutError';
  }
}

/**
 * The signed-in user's tokens. The access token lives in memory; the refresh token also in the tab's session storage,
 * so that a reload stays signed in. `onEnd` is called once when the server ends the session.
 *
 * A duplicated tab starts with a copy of the refresh token, and using it twice would end the session for both. So the
 * tab that exchanges it tells the others of this origin what has become of it.
 */
export class Session {
  #storage;
  #onEnd;
  #refreshToken = null;
  #accessToken = null;
  #expiresAt = 0;
  #renewing = null;
  #timer = null;
  #backoff = new Backoff();
  #tabs = new BroadcastChannel(TABS);
  user = null;

  constructor({ storage, onEnd }) {
    this.#storage = storage;
    this.#onEnd = onEnd;
    this.#refreshToken = storage.getItem(KEPT);
    this.#tabs.addEventListener('message', ({ data }) => {
      if (this.#refreshToken !== null && data.used === this.#refreshToken) this.#take(data.tokens);
    });
  }

  /** There is something to go on with after a reload; `renew` tells whether it is still good. */
  get kept() {
    return this.#refreshToken !== null;
  }

  /** @throws RequestError */
  async signIn(email, password) {
    this.#take(await request('POST', '/v1/auth/login', { body: { email, password } }));
  }

  /** A token with some life left. @throws SignedOutError, RequestError */
  async token() {
    if (this.#accessToken === null || Date.now() > this.#expiresAt - 5_000) await this.renew();
    return this.#accessToken;
  }

  /** Exchanges the refresh token, once however many ask at the same time. @throws SignedOutError, RequestError */
  renew() {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** @returns whether the server confirmed it: here it is over in any case */
  async signOut() {
    // Only a good access token can end the session with all that hangs on it.
    const token = await this.token().catch((error) => (error instanceof SignedOutError ? null : undefined));
    this.#drop();
    if (token === null || token === undefined) return token === null;
    try {
      await request('POST', '/v1/auth/logout', { token });
      return true;
    } catch (error) {
      return error.status === 401;
    }
  }

  async #renew() {
    const used = this.#refreshToken;
    if (used === null) throw new SignedOutError();
    await inTurn(async () => {
      // While waiting, another tab may have told the next tokens, or the user may have signed out.
      if (this.#refreshToken === used) await this.#exchange(used);
    });
    if (this.#refreshToken === null) throw new SignedOutError();
  }

  async #exchange(used) {
    try {
      const tokens = await request('POST', '/v1/auth/refresh', { body: { refreshToken: used } });
      this.#tabs.postMessage({ used, tokens });
      // Signed out meanwhile: the answer belongs to a session that is over.
      if (this.#refreshToken === used) this.#take(tokens);
    } catch (error) {
      if (!(error instanceof RequestError) || ![400, 401, 403].includes(error.status)) throw error;
      if (this.#refreshToken !== used) return;
      this.#drop();
      this.#onEnd();
    }
  }

  #take({ accessToken, refreshToken, expiresIn, user }) {
    this.#accessToken = accessToken;
    this.#refreshToken = refreshToken;
    this.#expiresAt = Date.now() + expiresIn * 1000;
    this.user = user ?? this.user;
    this.#storage.setItem(KEPT, refreshToken);
    this.#backoff.reset();
    // Well before the end, and not in step with other tabs.
    this.#renewIn(expiresIn * 1000 * (0.7 + Math.random() * 0.1));
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
    this.#storage.removeItem(KEPT);
    this.#accessToken = null;
    this.#refreshToken = null;
    this.#expiresAt = 0;
    this.user = null;
  }
}

/** One tab at a time, where the browser has locks (it has none on plain http from another machine). */
function inTurn(task) {
  return navigator.locks === undefined ? task() : navigator.locks.request(TABS, task);
}
