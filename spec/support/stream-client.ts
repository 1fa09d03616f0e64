import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { within } from './eventually.ts';
import { checkEvent } from './response-check.ts';

export interface StreamEvent {
  event: string;
  id: string | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of any shape
  data: any;
}

/** What a browser's `EventSource` asks for. */
export const EVENT_SOURCE = { accept: 'text/event-stream' };

/** An SSE client on a real socket that keeps what it got, and may be cut at any byte. */
export class StreamClient {
  readonly events: StreamEvent[] = [];
  /** What an EventSource would send when it reconnects. */
  lastEventId: string | null;
  retry: number | null = null;
  comments = 0;
  status = 0;
  headers: IncomingMessage['headers'] = {};
  body = '';
  isClosed = false;
  #request: ClientRequest;
  #response: IncomingMessage | null = null;
  /** The first event that the documents do not tell of. */
  #unfit: unknown = null;
  readonly #waiting = new Set<() => void>();

  /** @param bytes after so many bytes of the body the socket is destroyed */
  constructor(
    url: string,
    options: { headers?: Record<string, string>; lastEventId?: string | null; bytes?: number } = {},
  ) {
    this.lastEventId = options.lastEventId ?? null;
    const parser = createParser({
      onEvent: ({ event, id, data }) => {
        const told = { event: event ?? 'message', id: id ?? null, data: JSON.parse(data) };
        this.events.push(told);
        try {
          checkEvent(told);
        } catch (error) {
          this.#unfit ??= error;
        }
      },
      onRetry: (ms) => {
        this.retry = ms;
      },
      onComment: () => {
        this.comments += 1;
      },
    });
    let left = options.bytes ?? Number.POSITIVE_INFINITY;
    let line = '';
    const rememberIds = (text: string): void => {
      // As the HTML standard has it: an id counts when its event is dispatched, also one without data.
      line += text;
      const blocks = line.split('\n\n');
      line = blocks.pop() ?? '';
      for (const block of blocks) {
        const id = /^id: ?(.*)$/m.exec(block);
        if (id) this.lastEventId = id[1] ?? null;
      }
    };
    this.#request = request(url, {
      agent: false,
      headers: {
        // Not the first alone, as an EventSource, which is not told the status of a refusal that goes by.
        accept: 'text/event-stream, application/problem+json',
        ...(this.lastEventId === null ? {} : { 'last-event-id': this.lastEventId }),
        ...options.headers,
      },
    });
    this.#request.on('response', (response) => {
      this.#response = response;
      this.status = response.statusCode ?? 0;
      this.headers = response.headers;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const text = chunk.slice(0, left);
        left -= text.length;
        this.body += text;
        rememberIds(text);
        parser.feed(text);
        if (left <= 0) this.cut();
        this.#wake();
      });
      response.on('error', () => undefined);
      response.on('close', () => this.#close());
    });
    this.#request.on('error', () => this.#close());
    this.#request.end();
  }

  /** The data of the events of a type. */
  of(event: string): StreamEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  /**
   * Resolves when the predicate holds; rejects when the stream ends before, or when there was an event that the AsyncAPI
   * document does not tell of.
   */
  until(predicate: () => boolean, what = 'the awaited event'): Promise<void> {
    return within(this.#until(predicate, what), what);
  }

  async #until(predicate: () => boolean, what: string): Promise<void> {
    while (!predicate()) {
      this.#assertFit();
      if (this.isClosed) {
        const last = JSON.stringify(this.events.at(-1)?.data ?? null);
        throw new Error(`the stream ended before ${what} came (status ${this.status}): ${last}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    this.#assertFit();
  }

  async ready(): Promise<void> {
    await this.until(() => this.of('ready').length > 0, 'ready');
  }

  closed(): Promise<void> {
    return within(this.#closed(), 'the end of the stream');
  }

  async #closed(): Promise<void> {
    while (!this.isClosed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Stops reading, as a browser tab that hangs. */
  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  cut(): void {
    this.#request.destroy();
    this.#close();
  }

  #assertFit(): void {
    if (this.#unfit !== null) throw this.#unfit;
  }

  #close(): void {
    this.isClosed = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
