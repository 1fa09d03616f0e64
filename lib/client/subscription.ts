import type { Credentials } from './credentials.js';
import { EventParser } from './event-parser.js';
import { readEventStream } from './event-stream.js';
import { MarktideError } from './problem.js';
import { isFinal, pause, type Retry, waitOf, within } from './retry.js';
import type { components } from './schema.js';
import type { StreamTarget } from './stream-target.js';

type Schemas = components['schemas'];

/** `resuming`: the connection was lost and will be re-established; events in between will be delivered. */
export type StreamState = 'connecting' | 'live' | 'resuming' | 'closed';

type StreamEvent = Schemas['StreamEvent'];

/**
 * `ticker`, `trade`, `candle`, `gap`, `pnl`, `holdings`, `fill`, `ledger` and `import` of the channels; `ready`,
 * `reset` and `notice`.
 */
type EventHandlers = { [E in StreamEvent as E['event']]?: (data: E['data']) => void };

/** Handlers for the events of each kind of channel, and for those about the stream itself. All are optional. */
export interface Handlers extends EventHandlers {
  state?(state: StreamState): void;
  /** An attempt failed, and another one will follow. Not every cut is a failure: see `state`. */
  retrying?(retry: Retry): void;
  /** Why the subscription has ended: it was refused for good, or ended on request. Nothing follows. */
  error?(error: MarktideError): void;
}

export interface SubscribeOptions {
  /** Where to resume: `lastEventId` of an earlier subscription. */
  lastEventId?: string | null;
  /** `latest`: after a cut, state channels send only their newest state. */
  replay?: 'full' | 'latest';
  /**
   * The silence after which the connection is considered dead, in milliseconds; longer than the server's heartbeat
   * interval.
   */
  silenceMs?: number;
  /** The longest wait between two attempts, in milliseconds. */
  longestWaitMs?: number;
  /** Random numbers from 0 to 1, to spread reconnects. */
  random?: () => number;
}

/** For a connection that has ended without an error: its last event, if that was a notice. */
type LastNotice = Schemas['Notice'] | null;

/** A login, a renewal, or the creation of a subscription. */
const ANSWER_MS = 30_000;

/** A stream that is kept open: it resumes after any cut, renews its token, and survives restarts of the server. */
export class Subscription {
  readonly #target: StreamTarget;
  readonly #credentials: Credentials;
  readonly #fetch: typeof fetch;
  readonly #handlers: Handlers;
  readonly #options: SubscribeOptions;
  readonly #abort = new AbortController();
  /** Resolves when the subscription has ended. */
  readonly done: Promise<void>;
  #state: StreamState | null = null;
  #lastEventId: string | null;
  #retryMs = 1_000;
  #failures = 0;
  #isOver = false;
  /** Headers whose credentials are no longer valid, and the response that said so. */
  #refused: { headers: Record<string, string>; error: MarktideError } | null = null;

  constructor(
    target: StreamTarget,
    { credentials, fetcher }: { credentials: Credentials; fetcher: typeof fetch },
    handlers: Handlers,
    options: SubscribeOptions,
  ) {
    this.#target = target;
    this.#credentials = credentials;
    this.#fetch = fetcher;
    this.#handlers = handlers;
    this.#options = options;
    this.#lastEventId = options.lastEventId ?? null;
    this.done = this.#run();
  }

  /** The id to resume after at another time. */
  get lastEventId(): string | null {
    return this.#lastEventId;
  }

  get state(): StreamState {
    return this.#state ?? 'connecting';
  }

  close(): void {
    this.#isOver = true;
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    // Handlers must not be called before the subscriber has the returned object.
    await Promise.resolve();
    this.#become('connecting');
    while (!this.#isOver) {
      const failure = await this.#attempt();
      if (failure === 'again') continue;
      if (this.#isOver) break;
      if (isFinal(failure)) {
        this.#fail(failure);
        break;
      }
      this.#become('resuming');
      await this.#wait(failure);
    }
    this.#become('closed');
  }

  /** @returns what went wrong, or `null`; `again` if there is something else to try at once */
  async #attempt(): Promise<Error | null | 'again'> {
    const refused = this.#refused;
    const { signal } = this.#abort;
    try {
      if (refused !== null && !(await within(this.#credentials.renew(refused.headers), ANSWER_MS, signal))) {
        return refused.error;
      }
      this.#refused = null;
      const headers = await within(this.#credentials.headers(), ANSWER_MS, signal);
      const url = await within(this.#target.url(), ANSWER_MS, signal);
      return await this.#stream(url, headers, refused !== null);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #stream(
    url: string,
    headers: Record<string, string>,
    isRenewed: boolean,
  ): Promise<Error | null | 'again'> {
    const parser = new EventParser(this.#lastEventId);
    let isLive = false;
    let last: LastNotice = null;
    try {
      await readEventStream({
        url,
        headers,
        parser,
        fetcher: this.#fetch,
        signal: this.#abort.signal,
        silenceMs: this.#options.silenceMs ?? 25_000,
        onOpen: () => this.#target.opened(),
        onEvent: (event, data) => {
          this.#lastEventId = parser.lastEventId;
          isLive ||= event === 'ready';
          last = event === 'notice' ? (data as Schemas['Notice']) : null;
          this.#tell(event, data);
        },
      });
    } catch (error) {
      if (!(error instanceof MarktideError)) throw error;
      if (error.status === 404 && this.#target.forget()) return 'again';
      if (error.status !== 401 || isRenewed) throw error;
      this.#refused = { headers, error };
      return 'again';
    } finally {
      this.#lastEventId = parser.lastEventId;
      this.#retryMs = parser.retryMs ?? this.#retryMs;
    }
    const { code, detail } = (last as LastNotice) ?? {};
    if (code === 'token-expired' || code === 'revoked') {
      this.#refused = { headers, error: new MarktideError(401, null, { message: detail }) };
      if (isLive) return 'again';
    }
    return isLive ? null : new Error(detail ?? 'The stream ended before it was up to date.');
  }

  #tell(event: string, data: unknown): void {
    if (event === 'ready') {
      this.#failures = 0;
      this.#become('live');
    }
    const handlers = this.#handlers as Record<string, ((data: unknown) => void) | undefined>;
    handlers[event]?.(data);
    if (event !== 'notice') return;
    const { code, detail } = data as Schemas['Notice'];
    if (code === 'ended') this.#fail(new MarktideError(410, null, { message: detail }));
  }

  #fail(error: MarktideError): void {
    this.#isOver = true;
    this.#handlers.error?.(error);
  }

  #become(state: StreamState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#handlers.state?.(state);
  }

  async #wait(cause: Error | null): Promise<void> {
    const { random = Math.random, longestWaitMs = 30_000 } = this.#options;
    if (cause !== null) this.#failures += 1;
    const attempt = this.#failures;
    const waitMs = waitOf({ attempt, retryMs: this.#retryMs, cause }, { random, longestWaitMs });
    if (cause !== null) this.#handlers.retrying?.({ attempt, waitMs, cause });
    await pause(waitMs, this.#abort.signal);
  }
}
