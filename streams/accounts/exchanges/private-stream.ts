import { WebSocket } from 'ws';
import { backoff, type Backoff } from '../../../lib/async/backoff.ts';
import type { Clock, Random } from '../../../lib/clock.ts';
import type { AccountNews, StreamProtocol } from './adapter.ts';

/** How long connecting may take. */
const CONNECT_MS = 15_000;
/** After this long without a frame the peer is pinged; after twice as long the connection is dropped. */
const SILENCE_MS = 20_000;
/** A connection that lasted this long resets the backoff. */
const GOOD_MS = 30_000;
/** Messages are small. */
const MAX_BYTES = 262_144;

export interface PrivateStreamOptions {
  protocol: StreamProtocol;
  clock: Clock;
  random: Random;
  onNews: (news: AccountNews) => void;
  /**
   * The connection was lost and will be made again.
   * @param reason letters, digits and `._-`
   */
  onLoss: (reason: string) => void;
}

const SOON: AccountNews = { entries: [], hints: [], isDue: true };

/** Keeps a connection to an exchange's private stream until it is closed. */
export class PrivateStream {
  readonly #options: PrivateStreamOptions;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: PrivateStreamOptions) {
    this.#options = options;
    this.#backoff = backoff(options.clock, options.random, { baseMs: 1_000, capMs: 120_000 });
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, onLoss } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const since = clock.monotonic();
      const reason = await this.#connection(signal).catch(reasonOf);
      if (signal.aborted) return;
      onLoss(reason);
      if (clock.monotonic() - since > GOOD_MS) this.#backoff.reset();
      await this.#backoff.wait(signal);
    }
  }

  /**
   * Runs one connection until it ends.
   * @returns why it ended
   */
  async #connection(signal: AbortSignal): Promise<string> {
    const { protocol, clock, onNews } = this.#options;
    const { url, headers, hello } = await protocol.connect();
    if (signal.aborted) return 'closed';
    const socket = new WebSocket(url, {
      headers,
      handshakeTimeout: CONNECT_MS,
      maxPayload: MAX_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    return await new Promise<string>((resolve) => {
      let isHeard = true;
      let isAsked = false;
      const end = (reason: string): void => {
        cancel();
        signal.removeEventListener('abort', close);
        resolve(reason);
        socket.terminate();
      };
      const close = (): void => end('closed');
      const hear = (): void => {
        isHeard = true;
        isAsked = false;
      };
      const cancel = clock.every(SILENCE_MS, () => {
        if (socket.readyState === WebSocket.CONNECTING) return;
        if (isAsked) return end('silent');
        isAsked = !isHeard;
        isHeard = false;
        // The exchange wants to hear these even while it sends something itself.
        if (protocol.ping !== undefined) socket.send(protocol.ping);
        else if (isAsked) socket.ping();
      });
      signal.addEventListener('abort', close, { once: true });
      socket.on('open', () => {
        for (const message of hello) socket.send(message);
        // The stream does not repeat what happened before.
        onNews(SOON);
      });
      socket.on('ping', hear);
      socket.on('pong', hear);
      socket.on('message', (data: Buffer) => {
        hear();
        const heard = protocol.hear(parsed(data.toString()));
        if (heard === null) return;
        if ('ended' in heard) end(heard.ended);
        else onNews(heard);
      });
      socket.on('unexpected-response', (_request, response) => end(`HTTP.${response.statusCode}`));
      socket.on('error', (error) => end(reasonOf(error)));
      socket.on('close', (code) => end(`closed.${code}`));
    });
  }
}

/** Not the message, which may hold what was sent. */
function reasonOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'failed';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
