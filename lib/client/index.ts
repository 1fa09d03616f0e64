import { credentialsOf, type Login } from './login.js';
import { type Rest, restOf } from './rest.js';
import { StreamTarget } from './stream-target.js';
import { type Handlers, type SubscribeOptions, Subscription } from './subscription.js';

export { type BrowserWindow, forgetSession, hasSession } from './cookie-credentials.js';
export type { Login } from './login.js';
export { MarktideError, type ProblemBody } from './problem.js';
export type { CallOptions, Rest } from './rest.js';
export { isFinal, pause, type Retry, waitOf } from './retry.js';
export type { components, operations } from './schema.js';
export type { Handlers, StreamState, SubscribeOptions, Subscription } from './subscription.js';

export interface ClientOptions {
  /** The URL of the server, `https://marktide.example`, including its `BASE_PATH` if it has one. */
  url: string;
  /** Without credentials, only public operations work. */
  login?: Login;
  /** Another `fetch`, for example with a proxy or with logging. */
  fetch?: typeof fetch;
}

export interface Client {
  /** A typed method for each operation of the API, named as in the OpenAPI document. */
  readonly api: Rest;
  /**
   * Opens a stream on channels (`ticker:BTC/KRW`, `pnl:<portfolioId>`, …) and keeps it open until it is closed. Across
   * cuts, server restarts and expired tokens, no event is lost or repeated; if continuity is lost, `reset` says so. It
   * takes as many channels as a stream may have: a list too long for a URL is stored as a subscription on the server.
   */
  subscribe(channels: readonly string[], handlers: Handlers, options?: SubscribeOptions): Subscription;
}

/** A client for a Marktide server, for browsers and Node.js. It needs nothing but `fetch`. */
export function createClient({ url, login, fetch: given }: ClientOptions): Client {
  const base = url.replace(/\/+$/, '');
  // A browser's own `fetch` must be called on the window.
  const fetcher: typeof fetch = given ?? ((...request) => fetch(...request));
  const credentials = credentialsOf(base, login ?? null, fetcher);
  const api = restOf(base, credentials, fetcher);
  return {
    api,
    subscribe(channels, handlers, options = {}) {
      const target = new StreamTarget(base, channels, options.replay ?? 'full', api);
      return new Subscription(target, { credentials, fetcher }, handlers, options);
    },
  };
}
