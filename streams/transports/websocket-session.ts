import type { RawData, WebSocket } from 'ws';
import type { Logger } from '../../lib/log.ts';
import { Problem, problem } from '../../lib/problem.ts';
import type { Channel } from '../core/channel.ts';
import { decodeCursor } from '../core/cursor.ts';
import type { Slot } from '../../lib/slots.ts';
import type { Hub, StreamOwner } from '../core/hub.ts';
import {
  CLOSE_CODES,
  CLOSE_ERROR,
  CLOSE_POLICY,
  CLOSE_UNSUPPORTED,
  type WebSocketConnection,
} from './websocket-connection.ts';
import { type ClientMessage, parseMessage, type Ref, refOf } from './websocket-message.ts';
import { websocketWire } from './websocket-wire.ts';

export interface Selection<C extends Channel = Channel> {
  channels: readonly C[];
  lastEventId: string | null;
  replay: 'full' | 'latest';
}

/** Tells a stream that is being opened what was revoked since its caller was looked up. */
export interface Revocations {
  /** Where the log of revocations stands now. */
  mark(): number;
  /** Ends the stream if something revoked since the mark concerns it. */
  catchUp(streamId: string, mark: number): void;
}

export interface SessionOptions<C extends Channel = Channel> {
  id: string;
  owner: StreamOwner;
  admission: Slot;
  authority: Revocations;
  ws: WebSocket;
  connection: WebSocketConnection;
  hub: Hub;
  logger: Logger;
  /** Bytes of answers and events that may wait for a reader that goes on asking. */
  queueBytes: number;
  /** @throws Problem for a name that is no channel, or for too many */
  parse: (names: readonly string[]) => readonly C[];
  /** @throws Problem if one of the channels may not be read */
  authorise: (channels: readonly C[]) => Promise<void>;
  /** What a subscription names. @throws Problem if there is none such of this user */
  channelsSubscribed: (id: string) => Promise<readonly C[]>;
}

/** Messages that may wait while one is worked on, and bad ones that are borne; each good one makes up for a bad one. */
const MAX_WAITING = 64;
const MAX_BAD = 10;

/** One WebSocket: its client says which channels it wants, one after the other, on the same stream of the hub. */
export class WebSocketSession<C extends Channel = Channel> {
  readonly #options: SessionOptions<C>;
  #channels: readonly C[] = [];
  #waiting: string[] = [];
  #busy = false;
  #bad = 0;

  constructor(options: SessionOptions<C>) {
    this.#options = options;
    const { ws } = options;
    ws.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // What breaks a connection also closes it: a message too large, text that is not UTF-8, a reset.
    ws.on('error', (error) => options.logger.debug({ err: error, stream: options.id }, 'socket failed'));
  }

  /**
   * Opens the stream, on the channels that the URL named, if any.
   * @param first `mark`: where the control log stood before the caller was looked up
   */
  start({ mark, ...first }: Selection<C> & { flushMs: number | null; mark: number }): void {
    const { id, owner, admission, authority, hub, connection, ws } = this.#options;
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
          authority.catchUp(id, mark);
        },
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #receive(data: RawData, isBinary: boolean): void {
    const { connection } = this.#options;
    if (isBinary) {
      connection.close(CLOSE_UNSUPPORTED, 'binary messages are not understood');
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
    const { ws, connection, queueBytes } = this.#options;
    if (ws.readyState !== ws.OPEN) return;
    if (connection.pendingBytes > queueBytes) {
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
    const { hub, id, authorise, authority } = this.#options;
    const asked = new Set(await this.#named(message));
    const kept = this.#channels.map(({ name }) => name);
    const names =
      message.type === 'subscribe'
        ? [...new Set([...kept, ...asked])]
        : kept.filter((name) => !asked.has(name));
    const channels = names.length === 0 ? [] : this.#options.parse(names);
    const lastEventId = message.type === 'subscribe' ? message.lastEventId || null : null;
    if (lastEventId !== null && kept.length > 0 && decodeCursor(lastEventId) === null) {
      // With nothing subscribed yet the stream itself says `reset`.
      throw problem('invalid-cursor', { detail: 'lastEventId is not an id of ours.' });
    }
    const mark = authority.mark();
    await authorise(channels.filter(({ name }) => asked.has(name)));
    const replay = message.type === 'subscribe' ? message.replay : 'full';
    const done = message.type === 'subscribe' ? 'subscribed' : 'unsubscribed';
    await hub.resubscribe(id, { channels, lastEventId, replay }, () => {
      this.#channels = channels;
      this.#say(done, { channels: names, ref: message.ref });
      authority.catchUp(id, mark);
    });
  }

  async #named(message: Exclude<ClientMessage, { type: 'ping' }>): Promise<readonly string[]> {
    if (message.type === 'unsubscribe' || message.subscription === undefined) return message.channels ?? [];
    const channels = await this.#options.channelsSubscribed(message.subscription);
    return channels.map(({ name }) => name);
  }

  #say(event: string, data: unknown): void {
    this.#options.connection.write(websocketWire.control(event, data, null));
  }

  #fail(error: unknown): void {
    const { logger, id, connection } = this.#options;
    logger.error({ err: error, stream: id }, 'stream failed');
    connection.close(CLOSE_ERROR, 'internal error');
  }
}
