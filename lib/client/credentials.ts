import { refusalOf } from './problem.js';
import type { components } from './schema.js';

export type Tokens = Pick<components['schemas']['Tokens'], 'accessToken' | 'refreshToken'>;

/** How a client proves who it is. */
export type Login =
  | { apiKey: string }
  | { email: string; password: string }
  /** Tokens that somebody else has got; without a refresh token they last as long as they last. */
  | Tokens;

type Fetch = typeof fetch;

/** Keeps a client's tokens fresh. However many calls find them stale at once, they are renewed once. */
export class Credentials {
  readonly #url: string;
  readonly #login: Login | null;
  readonly #fetch: Fetch;
  #tokens: Tokens | null;
  #renewing: Promise<boolean> | null = null;

  constructor(url: string, login: Login | null, fetcher: Fetch) {
    this.#url = url;
    this.#login = login;
    this.#fetch = fetcher;
    this.#tokens = login !== null && 'accessToken' in login ? login : null;
  }

  /** Headers of a request. @throws MarktideError when the login is refused */
  async headers(): Promise<Record<string, string>> {
    if (this.#login === null) return {};
    if ('apiKey' in this.#login) return { 'x-api-key': this.#login.apiKey };
    if (this.#tokens === null) await this.renew(null);
    return this.#tokens === null ? {} : { authorization: `Bearer ${this.#tokens.accessToken}` };
  }

  /**
   * After a request with these headers was refused as unauthorised.
   * @returns whether there is something newer to try
   */
  async renew(refused: Record<string, string> | null): Promise<boolean> {
    const current = this.#tokens === null ? undefined : `Bearer ${this.#tokens.accessToken}`;
    // Another call has been through this already.
    if (refused !== null && current !== undefined && refused['authorization'] !== current) return true;
    this.#renewing ??= this.#get().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** Ends the session. */
  forget(): void {
    this.#tokens = null;
  }

  async #get(): Promise<boolean> {
    const refreshToken = this.#tokens?.refreshToken;
    if (refreshToken !== undefined) {
      const response = await this.#post('/v1/auth/refresh', { refreshToken });
      if (response.ok) {
        this.#tokens = (await response.json()) as Tokens;
        return true;
      }
      const refusal = await refusalOf(response);
      // Whatever is not about the token may pass.
      if (refusal.status !== 401) throw refusal;
    }
    this.#tokens = null;
    if (this.#login === null || !('email' in this.#login)) return false;
    const { email, password } = this.#login;
    const response = await this.#post('/v1/auth/login', { email, password });
    if (!response.ok) throw await refusalOf(response);
    this.#tokens = (await response.json()) as Tokens;
    return true;
  }

  #post(path: string, body: object): Promise<Response> {
    return this.#fetch(this.#url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
}
