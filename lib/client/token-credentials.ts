import type { Credentials } from './credentials.js';
import { refusalOf } from './problem.js';
import type { components } from './schema.js';

export type Tokens = Pick<components['schemas']['Tokens'], 'accessToken' | 'refreshToken'>;

/** Keeps a client's tokens fresh. However many calls find them expired at once, they are renewed once. */
export class TokenCredentials implements Credentials {
  readonly #url: string;
  readonly #login: { email: string; password: string } | Tokens;
  readonly #fetch: typeof fetch;
  #tokens: Tokens | null;
  #renewing: Promise<boolean> | null = null;

  constructor(url: string, login: { email: string; password: string } | Tokens, fetcher: typeof fetch) {
    this.#url = url;
    this.#login = login;
    this.#fetch = fetcher;
    this.#tokens = 'accessToken' in login ? login : null;
  }

  async headers(): Promise<Record<string, string>> {
    if (this.#tokens === null) await this.#renewOnce();
    return this.#tokens === null ? {} : { authorization: `Bearer ${this.#tokens.accessToken}` };
  }

  async renew(refused: Record<string, string>): Promise<boolean> {
    const current = this.#tokens === null ? undefined : `Bearer ${this.#tokens.accessToken}`;
    // Another call has renewed them meanwhile.
    if (current !== undefined && refused['authorization'] !== current) return true;
    return this.#renewOnce();
  }

  #renewOnce(): Promise<boolean> {
    this.#renewing ??= this.#get().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
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
      // Any failure that is not about the token may be temporary.
      if (refusal.status !== 401) throw refusal;
    }
    this.#tokens = null;
    if (!('email' in this.#login)) return false;
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
