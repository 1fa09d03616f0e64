import { createHash } from 'node:crypto';

/** A state channel sends whole states, of which only the newest matters; an events channel sends each event once. */
export type ChannelKind = 'state' | 'events';

/** What a client subscribes to: a view of one log. */
export interface Channel {
  /** As the client writes it, by convention `<type>:<subject>`. */
  readonly name: string;
  readonly kind: ChannelKind;
  readonly log: string;
}

/** How an event of a log appears on one channel. */
export interface View {
  kind: ChannelKind;
  channel: string;
  /** The wildcard channel that includes it, if there is one. */
  wildcard: string | null;
  /** A queued state is replaced by a newer one with the same slot. Default: the channel. */
  slot?: string;
  /** Part of the state that a new client gets, but not new to clients that are already live. */
  quiet?: boolean;
  /** Name of the event in SSE, NDJSON and WebSocket messages. */
  event: string;
  /** An object, or JSON text that is sent as it is. */
  body: object | string;
}

/** The channels of a server: all that the core knows about the contents of its logs. */
export interface ChannelCatalog<C extends Channel = Channel> {
  /** @throws ChannelError if there is no such channel */
  parse(name: string): C;
  /**
   * The views of an event, at most ten, always in the same order: a cursor counts them.
   * @param data the event's data, as published
   */
  views(log: string, data: string): readonly View[];
}

/** Channels of one connection at most. */
export const MAX_CHANNELS = 500;
/** Logs of one connection at most: its cursor must fit 128 characters. */
export const MAX_LOGS = 8;

/** A list of channels cannot be used. The message is a sentence for the client. */
export class ChannelError extends Error {
  /** With these, Koa and Express answer 400 with the message, unless it is caught. */
  readonly status = 400;
  readonly expose = true;

  constructor(message: string) {
    super(message);
    this.name = 'ChannelError';
  }
}

/** Parses channel names and drops repeats. @throws ChannelError also if there are none or too many */
export function parseChannels<C extends Channel>(
  catalog: Pick<ChannelCatalog<C>, 'parse'>,
  names: Iterable<string>,
): C[] {
  const unique = [...new Set(names)];
  if (unique.length === 0) throw new ChannelError('Name at least one channel.');
  if (unique.length > MAX_CHANNELS)
    throw new ChannelError(`One connection can have at most ${MAX_CHANNELS} channels.`);
  const channels = unique.map((name) => catalog.parse(name));
  if (new Set(channels.map(({ log }) => log)).size > MAX_LOGS)
    throw new ChannelError(`The channels of one connection can come from at most ${MAX_LOGS} logs.`);
  return channels;
}

/** Four characters that depend on the set of channels, so that a resume with other channels is noticed. */
export function channelSetTag(channels: readonly Pick<Channel, 'name'>[]): string {
  const names = channels.map(({ name }) => name).sort();
  return createHash('sha256').update(names.join(',')).digest('base64url').slice(0, 4);
}
