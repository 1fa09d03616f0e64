import { request, RequestError } from './request.js';

/** Requests in the name of the session's user, by its cookies: a token refused once is renewed once. */
export class Api {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** @throws RequestError, SignedOutError */
  get(path, { signal } = {}) {
    return this.renewing(() => request('GET', path, { signal }));
  }

  /** Does what `send` does, and once more with a new token if that is what it lacked. */
  async renewing(send) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof RequestError) || error.status !== 401) throw error;
      await this.#session.renew();
      return send();
    }
  }
}
