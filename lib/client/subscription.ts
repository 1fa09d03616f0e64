import type { Credentials } from './credentials.js';
import { EventParser } from './event-parser.js';
import { MarktideError, refusalOf } from './problem.js';
import type { components } from './schema.js';

type Schemas = components['schemas'];

/** `resuming`: cut, and coming back by itself; what happens meanwhile will be told. */
export type StreamState = 'connecting' | 'live' | 'resuming' | 'closed';

type StreamEvent = Schemas['StreamEvent'];

/** `ticker`, `trade`, `candle`, `pnl`, `holdings`, `fill` and `import` of the channels; `ready`, `reset` and `notice`. */
type EventHandlers = { [E in StreamEvent as E['event']]?: (data: E['data']) => void };

/** What to do with the events of each kind of channel, and with what the stream says of itself. All are optional. */
export interface Handlers extends EventHandlers {
  state?(state: StreamState): void;
  /** Why the subscription has ended by itself: it was refused, or ended on request. */
  error?(error: MarktideError): void;
}

export interface SubscribeOptions {
  /** Where to go on from, as `lastEventId` of an earlier subscription said. */
  lastEventId?: string | null;
  /** `latest`: of state channels only the newest state is told after a cut. */
  replay?: 'full' | 'latest';
  /** Silence after which the connection is taken for dead, in milliseconds: more than the server's heartbeats are apart. */
  silenceMs?: number;
  /** The longest that is waited between two attempts, in milliseconds. */
  longestWaitMs?: number;
  /** Random figures from 0 to 1, to spread reconnects. */
  random?: () => number;
}

/** Refusals that time will not mend. */
const FINAL = new Set([400, 401, 403, 404, 406]);

/** A stream that is kept open: it resumes after any cut, renews its token, and follows the server to its restart. */
export class Subscription {
  readonly #url: string;
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

  constructor(
    url: string,
    { credentials, fetcher }: { credentials: Credentials; fetcher: typeof fetch },
    handlers: Handlers,
    options: SubscribeOptions,
  ) {
    this.#url = url;
    this.#credentials = credentials;
    this.#fetch = fetcher;
    this.#handlers = handlers;
    this.#options = options;
    this.#lastEventId = options.lastEventId ?? null;
    this.done = this.#run();
  }

  /** The id to resume by, some other time. */
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
    // Handlers must not be called before whoever subscribes has what it is given.
    await Promise.resolve();
    this.#become('connecting');
    let refused: Record<string, string> | null = null;
    while (!this.#isOver) {
      try {
        if (refused !== null && !(await this.#credentials.renew(refused))) throw new MarktideError(401, null);
        const headers: Record<string, string> = await this.#credentials.headers();
        refused = (await this.#stream(headers, refused !== null)) === 'unauthorised' ? headers : null;
        if (refused !== null) continue;
      } catch (error) {
        if (error instanceof MarktideError && FINAL.has(error.status)) this.#fail(error);
        else this.#failures += 1;
      }
      if (this.#isOver) break;
      this.#become('resuming');
      await this.#wait();
    }
    this.#become('closed');
  }

  /** One connection, from its request to its end. */
  async #stream(headers: Record<string, string>, renewed: boolean): Promise<'ended' | 'unauthorised'> {
    const connection = new AbortController();
    const cut = (): void => connection.abort();
    this.#abort.signal.addEventListener('abort', cut);
    const { silenceMs = 45_000 } = this.#options;
    let silence = setTimeout(cut, silenceMs);
    try {
      const response = await this.#fetch(this.#url, {
        headers: {
          ...headers,
          // Not the first alone, as a browser's EventSource, which would hide the status of a refusal.
          accept: 'text/event-stream, application/problem+json',
          ...(this.#lastEventId === null ? {} : { 'last-event-id': this.#lastEventId }),
        },
        signal: connection.signal,
      });
      if (response.status === 401 && !renewed) {
        await response.body?.cancel();
        return 'unauthorised';
      }
      if (!response.ok || response.body === null) throw await refusalOf(response);
      const parser = new EventParser(this.#lastEventId);
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      let last = '';
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        clearTimeout(silence);
        silence = setTimeout(cut, silenceMs);
        for (const { event, data } of parser.feed(decoder.decode(next.value, { stream: true }))) {
          if (this.#isOver) return 'ended';
          this.#lastEventId = parser.lastEventId;
          last = this.#tell(event, JSON.parse(data));
        }
        this.#lastEventId = parser.lastEventId;
        this.#retryMs = parser.retryMs ?? this.#retryMs;
      }
      return last === 'token-expired' || last === 'revoked' ? 'unauthorised' : 'ended';
    } finally {
      clearTimeout(silence);
      this.#abort.signal.removeEventListener('abort', cut);
      connection.abort();
    }
  }

  /** @returns the code, if it is a notice */
  #tell(event: string, data: unknown): string {
    if (event === 'ready') {
      this.#failures = 0;
      this.#become('live');
    }
    const handlers = this.#handlers as Record<string, ((data: unknown) => void) | undefined>;
    handlers[event]?.(data);
    if (event !== 'notice') return '';
    const { code, detail } = data as Schemas['Notice'];
    if (code === 'ended') this.#fail(new MarktideError(410, null), detail);
    return code;
  }

  #fail(error: MarktideError, message = error.message): void {
    this.#isOver = true;
    error.message = message;
    this.#handlers.error?.(error);
  }

  #become(state: StreamState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#handlers.state?.(state);
  }

  /** As long as the server has asked for, longer with each failure, and never all clients at once. */
  #wait(): Promise<void> {
    const { random = Math.random, longestWaitMs = 30_000 } = this.#options;
    const longest = Math.min(longestWaitMs, this.#retryMs * 2 ** Math.min(this.#failures, 5));
    const ms = this.#failures === 0 ? longest : longest / 2 + (random() * longest) / 2;
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#abort.signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      this.#abort.signal.addEventListener('abort', finish);
    });
  }
}
