import { randomUUID } from 'node:crypto';
import type { Channel } from '../core/channel.ts';
import { type Admission, ANONYMOUS, type StreamOwner } from '../core/connections/open-stream.ts';
import type { Hub } from '../core/connections/hub.ts';
import type { Upgrade } from './upgrade.ts';
import { WebSocketConnection } from './websocket-connection.ts';
import type { SocketServer } from './websocket-server.ts';
import { type SubscribeRules, WebSocketSession } from './websocket-session.ts';

export interface ServeWebSocketOptions<C extends Channel = Channel> extends SubscribeRules<C> {
  hub: Hub;
  sockets: SocketServer;
  /** The channels that the client begins with. Default: none, until it subscribes. */
  channels?: readonly C[];
  /** Default: the request's `Last-Event-ID` header. */
  lastEventId?: string | null;
  /** See `ServeStreamOptions`, as for the rest. */
  replay?: 'full' | 'latest';
  flushMs?: number | null;
  id?: string;
  owner?: StreamOwner;
  admission?: Admission;
  onOpen?: () => void;
}

/**
 * Accepts a WebSocket and serves it until either side closes it. Returns at once, while the session continues.
 * @throws NoSlotError if there are too many streams and no `admission` was given
 */
export function serveWebSocket<C extends Channel>(upgrade: Upgrade, options: ServeWebSocketOptions<C>): void {
  const { hub, owner = ANONYMOUS, id = randomUUID() } = options;
  const { headers } = upgrade.req;
  const network = upgrade.socket.remoteAddress ?? '';
  const admission = options.admission ?? hub.admit({ userId: owner.userId, network });
  const ws = options.sockets.accept(upgrade);
  if (ws === null) {
    admission.release();
    return;
  }
  const { catalog, authorise, channelsSubscribed } = options;
  const connection = new WebSocketConnection(ws, upgrade.socket, hub.clock);
  const rules = { catalog, authorise, channelsSubscribed };
  const session = new WebSocketSession({ ...rules, id, owner, admission, ws, connection, hub });
  const header = headers['last-event-id'];
  session.start({
    channels: options.channels ?? [],
    lastEventId: options.lastEventId ?? (typeof header === 'string' && header !== '' ? header : null),
    replay: options.replay ?? 'full',
    flushMs: options.flushMs ?? null,
    onOpen: options.onOpen,
  });
}
