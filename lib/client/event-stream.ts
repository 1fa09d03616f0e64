import type { EventParser } from './event-parser.js';
import { refusalOf } from './problem.js';

export interface EventStreamOptions {
  url: string;
  headers: Record<string, string>;
  /** Provides the id to resume after, and then records how far this connection has got. */
  parser: EventParser;
  fetcher: typeof fetch;
  /** Cuts the connection. */
  signal: AbortSignal;
  /** The silence after which the connection is considered dead, in milliseconds. */
  silenceMs: number;
  /** Called when the response turns out to be an event stream. */
  onOpen: () => void;
  onEvent: (event: string, data: unknown) => void;
}

/**
 * One connection, from its request to its end.
 * @throws MarktideError for a refusal by the server; any other error when the connection breaks
 */
export async function readEventStream(options: EventStreamOptions): Promise<void> {
  const { url, headers, parser, fetcher, signal, silenceMs } = options;
  const { lastEventId } = parser;
  const connection = new AbortController();
  const cut = (): void => connection.abort(signal.reason);
  signal.addEventListener('abort', cut);
  const expectSound = (): ReturnType<typeof setTimeout> =>
    setTimeout(
      () => connection.abort(new Error(`Nothing arrived for ${silenceMs / 1000} seconds.`)),
      silenceMs,
    );
  let silence = expectSound();
  try {
    const response = await fetcher(url, {
      headers: {
        ...headers,
        // More than a browser's EventSource accepts, which would hide the status of a refusal.
        accept: 'text/event-stream, application/problem+json',
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      },
      signal: connection.signal,
    });
    if (!response.ok) throw await refusalOf(response);
    const body = await bodyOf(response);
    options.onOpen();
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      clearTimeout(silence);
      silence = expectSound();
      for (const { event, data } of parser.feed(decoder.decode(next.value, { stream: true }))) {
        if (signal.aborted) break;
        options.onEvent(event, JSON.parse(data));
      }
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', cut);
    connection.abort();
  }
}

/** The login page of a network, for example, is a success too. */
async function bodyOf(response: Response): Promise<ReadableStream<Uint8Array>> {
  const type = response.headers.get('content-type') ?? 'nothing';
  if (response.body !== null && type.startsWith('text/event-stream')) return response.body;
  await response.body?.cancel();
  throw new Error(`The answer is ${type}, not an event stream: it may not come from the server.`);
}
