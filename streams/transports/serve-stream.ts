import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Channel } from '../core/channel.ts';
import { type Admission, ANONYMOUS, type StreamOwner } from '../core/connections/open-stream.ts';
import type { Hub } from '../core/connections/hub.ts';
import { ndjsonWire, sseWire } from './wires.ts';
import { openResponse, streamHeaders } from './response-connection.ts';

/** Media types of the formats, in the order to prefer them: for `ctx.accepts(...STREAM_TYPES)`. */
export const STREAM_TYPES = ['text/event-stream', 'application/x-ndjson'] as const;

export type StreamType = (typeof STREAM_TYPES)[number];

export interface ServeStreamOptions {
  hub: Hub;
  channels: readonly Channel[];
  /** Default: `text/event-stream`. */
  contentType?: StreamType;
  /** Default: the request's `Last-Event-ID` header. */
  lastEventId?: string | null;
  /** `full` (default): every retained event after the id. `latest`: of state channels only the newest state. */
  replay?: 'full' | 'latest';
  /** The longest a busy stream gathers events before it writes them, in milliseconds. Default: that of the hub. */
  flushMs?: number | null;
  /** Identifies the stream in the hub. Default: a random UUID. */
  id?: string;
  /** Default: an anonymous client. */
  owner?: StreamOwner;
  /** A slot taken by `hub.admit` before; released when the stream ends. Default: one is taken for the client. */
  admission?: Admission;
  /** Part of every id of the stream: see `Cursor.seal`. */
  seal?: string | null;
  /** Called when the hub has the stream, before anything is sent on its channels. */
  onOpen?: () => void;
}

/**
 * Answers a request with an event stream, as SSE or NDJSON, until either side ends it. Headers that were set on the
 * response go out with it. Returns at once, while the stream continues.
 * @throws NoSlotError if there are too many streams and no `admission` was given
 */
export function serveStream(req: IncomingMessage, res: ServerResponse, options: ServeStreamOptions): void {
  const { hub, contentType = 'text/event-stream', owner = ANONYMOUS, id = randomUUID() } = options;
  const admission =
    options.admission ?? hub.admit({ userId: owner.userId, network: req.socket.remoteAddress ?? '' });
  if (req.method === 'HEAD') {
    admission.release();
    res.writeHead(200, streamHeaders(contentType)).end();
    return;
  }
  const wire = contentType === 'application/x-ndjson' ? ndjsonWire : sseWire;
  // A browser without an id sends an empty header.
  const header = req.headers['last-event-id'];
  const lastEventId = options.lastEventId ?? (typeof header === 'string' && header !== '' ? header : null);
  req.socket.setKeepAlive(true, 30_000);
  const connection = openResponse(res, { contentType, opening: wire.retry(hub.retryMs()) }, hub.clock);
  if (connection === null) {
    admission.release();
    return;
  }
  const { channels, replay = 'full', flushMs = null, seal = null, onOpen } = options;
  void hub
    .open({
      id,
      owner,
      admission,
      seal,
      channels,
      lastEventId,
      replay,
      flushMs,
      wire,
      sink: connection,
      onOpen: (subscriber) => {
        res.on('close', () => subscriber.closed());
        onOpen?.();
      },
    })
    .catch((error: unknown) => {
      hub.logger.error({ err: error, stream: id }, 'stream failed');
      res.destroy();
    });
}
