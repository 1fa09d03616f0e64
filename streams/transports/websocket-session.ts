import type { RawData, WebSocket } from 'ws';
import { Problem, problem } from '../../lib/problem.ts';
import { type Channel, type ChannelCatalog, ChannelError, parseChannels } from '../core/channel.ts';
import { decodeCursor } from '../core/cursor.ts';
import type { Admission, StreamOwner } from '../core/connections/open-stream.ts';
import type { Hub } from '../core/connections/hub.ts';
import { websocketWire } from './wires.ts';
import {
  CLOSE_CODES,
  CLOSE_ERROR,
  CLOSE_POLICY,
  CLOSE_UNSUPPORTED,
  type WebSocketConnection,
} from './websocket-connection.ts';
import { type ClientMessage, parseMessage, type Ref, refOf } from './websocket-message.ts';

export interface Selection<C extends Channel = Channel> {
  channels: readonly C[];
  lastEventId: string | null;
  replay: 'full' | 'latest';
}

/** What a client may subscribe to while its WebSocket is open. */
export interface SubscribeRules<C extends Channel = Channel> {
  catalog: Pick<ChannelCatalog<C>, 'parse'>;
  /**
   * Checks that the client may read channels that it subscribes to. May resolve to a function that is called once the
   * client has the channels, to check whether it lost access meanwhile. Default: every channel is public.
   * @throws Problem that refuses the message
   */
  authorise?: (channels: readonly C[]) => Promise<(() => void) | undefined>;
  /**
   * The channels of a stored subscription, which a client may name instead of channels. Default: there are none.
   * @throws Problem if there is no such subscription
   */
  channelsSubscribed?: (id: string) => Promise<readonly C[]>;
}

export interface SessionOptions<C extends Channel = Channel> extends SubscribeRules<C> {
  id: string;
  owner: StreamOwner;
  admission: Admission;
  ws: WebSocket;
  connection: WebSocketConnection;
  hub: Hub;
}

/**
 * How many messages may wait while one is handled, and how many bad ones are tolerated. A good one makes up for a bad
 * one.
 */
const MAX_WAITING = 64;
const MAX_BAD = 10;

/** One WebSocket, which is one stream of the hub. Its client may change the channels with messages. */
export class WebSocketSession<C extends Channel = Channel> {
  readonly #options: SessionOptions<C>;
  #channels: readonly C[] = [];
  #waiting: string[] = [];
  #busy = false;
  #bad = 0;

  constructor(options: SessionOptions<C>) {
    this.#options = options;
    const { ws, hub } = options;
    ws.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // Every error also closes the socket: a message too large, text that is not UTF-8, a reset.
    ws.on('error', (error) => hub.logger.debug({ err: error, stream: options.id }, 'socket failed'));
  }

  /** Opens the stream on the channels that the client begins with, if any. `onOpen`: see `ServeStreamOptions`. */
  start({ onOpen, ...first }: Selection<C> & { flushMs: number | null; onOpen?: () => void }): void {
    const { id, owner, admission, hub, connection, ws } = this.#options;
    this.#channels = first.channels;
    this.#say('welcome', { id, channels: first.channels.map(({ name }) => name) });
    void hub
      .open({
        ...first,
        id,
        owner,
        admission,
        wire: websocketWire,
        sink: connection,
        onOpen: () => {
          ws.once('close', () => hub.closed(id));
          onOpen?.();
        },
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #receive(data: RawData, isBinary: boolean): void {
    const { connection } = this.#options;
    if (isBinary) {
      connection.close(CLOSE_UNSUPPORTED, 'binary messages are not supported');
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      connection.close(CLOSE_POLICY, 'too many messages at once');
      return;
    }
    this.#waiting.push((data as Buffer).toString('utf8'));
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
      try {
        await this.#answer(text);
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#busy = false;
  }

  async #answer(text: string): Promise<void> {
    const { ws, connection, hub } = this.#options;
    if (ws.readyState !== ws.OPEN) return;
    if (connection.pendingBytes > hub.queueBytes) {
      connection.close(CLOSE_CODES['slow-reader'], 'slow-reader');
      return;
    }
    try {
      const message = parseMessage(text);
      if (message.type === 'ping') this.#say('pong', { ref: message.ref });
      else await this.#select(message);
      this.#bad = Math.max(0, this.#bad - 1);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#refuse(error, refOf(text));
    }
  }

  #refuse(error: Problem, ref: Ref): void {
    this.#say('error', { ...error.toBody(this.#options.id), ref });
    this.#bad += 1;
    if (this.#bad >= MAX_BAD) this.#options.connection.close(CLOSE_POLICY, 'too many bad messages');
  }

  async #select(message: Exclude<ClientMessage, { type: 'ping' }>): Promise<void> {
    const { hub, id, authorise } = this.#options;
    const asked = new Set(await this.#named(message));
    const kept = this.#channels.map(({ name }) => name);
    const names =
      message.type === 'subscribe'
        ? [...new Set([...kept, ...asked])]
        : kept.filter((name) => !asked.has(name));
    const channels = names.length === 0 ? [] : this.#parse(names);
    const lastEventId = message.type === 'subscribe' ? message.lastEventId || null : null;
    if (lastEventId !== null && kept.length > 0 && decodeCursor(lastEventId) === null) {
      // While nothing is subscribed yet, the stream itself answers with `reset`.
      throw problem('invalid-cursor', {
        detail: '`lastEventId` is not an id of this server. Subscribe without it.',
      });
    }
    const recheck = await authorise?.(channels.filter(({ name }) => asked.has(name)));
    const replay = message.type === 'subscribe' ? message.replay : 'full';
    const done = message.type === 'subscribe' ? 'subscribed' : 'unsubscribed';
    await hub.resubscribe(id, { channels, lastEventId, replay }, () => {
      this.#channels = channels;
      this.#say(done, { channels: names, ref: message.ref });
      recheck?.();
    });
  }

  #parse(names: readonly string[]): C[] {
    try {
      return parseChannels(this.#options.catalog, names);
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      const errors = [{ pointer: '/channels', detail: error.message }];
      throw problem('invalid-request', { errors });
    }
  }

  async #named(message: Exclude<ClientMessage, { type: 'ping' }>): Promise<readonly string[]> {
    if (message.type === 'unsubscribe' || message.subscription === undefined) return message.channels ?? [];
    const { channelsSubscribed } = this.#options;
    if (channelsSubscribed === undefined)
      throw problem('not-found', {
        detail: 'There are no stored subscriptions here. Name `channels` instead.',
      });
    const channels = await channelsSubscribed(message.subscription);
    return channels.map(({ name }) => name);
  }

  #say(event: string, data: unknown): void {
    this.#options.connection.write(websocketWire.control(event, data, null));
  }

  #fail(error: unknown): void {
    const { hub, id, connection } = this.#options;
    hub.logger.error({ err: error, stream: id }, 'stream failed');
    connection.close(CLOSE_ERROR, 'internal error');
  }
}
