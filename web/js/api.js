import { request, RequestError } from './request.js';

/** Requests in the name of the session's user: a token refused once is renewed once. */
export class Api {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** @throws RequestError, SignedOutError */
  get(path, { signal } = {}) {
    return this.#send('GET', path, { signal });
  }

  /** @throws RequestError, SignedOutError */
  post(path, body, { signal } = {}) {
    return this.#send('POST', path, { body, signal });
  }

  async #send(method, path, options) {
    const token = await this.#session.token();
    try {
      return await request(method, path, { ...options, token });
    } catch (error) {
      if (!(error instanceof RequestError) || error.status !== 401) throw error;
      await this.#session.renew();
      return request(method, path, { ...options, token: await this.#session.token() });
    }
  }
}
