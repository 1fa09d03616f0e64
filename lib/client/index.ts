import { Credentials, type Login } from './credentials.ts';
import { type Rest, restOf } from './rest.ts';
import { type Handlers, type SubscribeOptions, Subscription } from './subscription.ts';

export type { Login } from './credentials.ts';
export { MarktideError, type ProblemBody } from './problem.ts';
export type { Rest } from './rest.ts';
export type { components, operations } from './schema.ts';
export type { Handlers, StreamState, SubscribeOptions, Subscription } from './subscription.ts';

export interface ClientOptions {
  /** Where the server is: `https://marktide.example`. */
  url: string;
  /** Left out: only what anybody may see. */
  login?: Login;
  /** Another `fetch`: with a proxy, with logging. */
  fetch?: typeof fetch;
}

export interface Client {
  /** A typed method for each operation of the API, by its name in the OpenAPI document. */
  readonly api: Rest;
  /**
   * Opens a stream on channels (`ticker:BTC/KRW`, `pnl:<portfolioId>`, …) and keeps it open until it is closed: over
   * cuts, restarts of the server and expired tokens no event is lost or told twice; if one must be, `reset` says so.
   */
  subscribe(channels: readonly string[], handlers: Handlers, options?: SubscribeOptions): Subscription;
}

/** A client of a Marktide server, for browsers and Node: it needs nothing but `fetch`. */
export function createClient({ url, login, fetch: given }: ClientOptions): Client {
  const base = url.replace(/\/+$/, '');
  // A browser's own must be called on the window.
  const fetcher: typeof fetch = given ?? ((...request) => fetch(...request));
  const credentials = new Credentials(base, login ?? null, fetcher);
  return {
    api: restOf(base, credentials, fetcher),
    subscribe(channels, handlers, options = {}) {
      const query = new URLSearchParams({ channels: channels.join(','), replay: options.replay ?? 'full' });
      const target = `${base}/v1/streams?${String(query)}`;
      return new Subscription(target, { credentials, fetcher }, handlers, options);
    },
  };
}
