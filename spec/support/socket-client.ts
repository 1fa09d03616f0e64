import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { within } from './eventually.ts';
import { checkEvent } from './response-check.ts';
import type { StreamEvent } from './stream-client.ts';

/** A WebSocket client that keeps what it got, and lets a test wait for it. */
export class SocketClient {
  readonly events: StreamEvent[] = [];
  readonly ws: WebSocket;
  lastEventId: string | null = null;
  /** Status and body of the answer when there was no upgrade. */
  refusal: { status: number; headers: IncomingMessage['headers']; body: string } | null = null;
  closeCode: number | null = null;
  closeReason = '';
  #isClosed = false;
  /** The first message that the documents do not tell of. */
  #unfit: unknown = null;
  readonly #waiting = new Set<() => void>();

  constructor(
    url: string,
    options: { headers?: Record<string, string>; autoPong?: boolean; protocols?: string[] } = {},
  ) {
    const { headers = {}, autoPong = true } = options;
    this.ws = new WebSocket(url.replace(/^http/, 'ws'), options.protocols ?? [], {
      headers,
      autoPong,
      perMessageDeflate: false,
    });
    this.ws.on('message', (data: Buffer) => {
      const { event, id = null, data: body } = JSON.parse(data.toString());
      this.events.push({ event, id, data: body });
      try {
        checkEvent({ event, id, data: body });
      } catch (error) {
        this.#unfit ??= error;
      }
      if (id !== null) this.lastEventId = id;
      this.#wake();
    });
    this.ws.on('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        this.refusal = { status: response.statusCode ?? 0, headers: response.headers, body };
        this.#isClosed = true;
        this.#wake();
      });
    });
    this.ws.on('error', () => this.#wake());
    this.ws.on('close', (code, reason) => {
      this.closeCode = code;
      this.closeReason = String(reason);
      this.#isClosed = true;
      this.#wake();
    });
  }

  send(message: unknown): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Events of a kind. */
  of(event: string): StreamEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  /**
   * Resolves when the predicate holds; rejects when the socket closes before, or when there was a message that the
   * AsyncAPI document does not tell of.
   */
  until(predicate: () => boolean, what = 'the awaited event'): Promise<void> {
    return within(this.#until(predicate, what), what);
  }

  async #until(predicate: () => boolean, what: string): Promise<void> {
    while (!predicate()) {
      this.#assertFit();
      if (this.#isClosed) {
        throw new Error(`closed before ${what}: ${this.closeCode} ${JSON.stringify(this.refusal)}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    this.#assertFit();
  }

  #assertFit(): void {
    if (this.#unfit !== null) throw this.#unfit;
  }

  async ready(times = 1): Promise<void> {
    await this.until(() => this.of('ready').length >= times, 'ready');
  }

  closed(): Promise<void> {
    return within(this.#closed(), 'the end of the socket');
  }

  async #closed(): Promise<void> {
    while (!this.#isClosed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async refused(): Promise<{
    status: number;
    headers: IncomingMessage['headers'];
    body: { type: string; detail?: string; requestId: string };
  }> {
    await this.closed();
    if (this.refusal === null) throw new Error('it was not refused');
    return { ...this.refusal, body: JSON.parse(this.refusal.body) };
  }

  cut(): void {
    this.ws.terminate();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
