import { createHash } from 'node:crypto';

/** State channels send whole states, of which the newest counts; events channels deliver each event exactly once. */
export type ChannelKind = 'state' | 'events';

/** What a client subscribes to: a view of one log. */
export interface Channel {
  /** As the client writes it. A name is `<type>:<subject>`. */
  readonly name: string;
  readonly kind: ChannelKind;
  readonly log: string;
}

/** How an event of a log shows on one channel. */
export interface View {
  kind: ChannelKind;
  channel: string;
  /** The wildcard channel that includes it, if there is one. */
  wildcard: string | null;
  /** A waiting state gives way to a newer one of its slot; by default the channel. */
  slot?: string;
  /** Part of the state that newcomers get, and nothing new to those who listen already. */
  quiet?: boolean;
  /** Name of the event in SSE, NDJSON and WebSocket messages. */
  event: string;
  /** An object, or JSON text that goes out as it is. */
  body: object | string;
}

/** The channels that a server offers: all that the core knows of what its logs hold. */
export interface ChannelCatalog<C extends Channel = Channel> {
  /** @throws ChannelError for a name that is no channel */
  parse(name: string): C;
  /**
   * The views of an event, always in the same order: a cursor counts them.
   * @param data of the event, as it was published
   */
  views(log: string, data: string): readonly View[];
}

/** The channels of one connection at most, and so the bound of what it costs to route to it. */
export const MAX_CHANNELS = 500;
/** The logs of one connection at most: the cursor must fit 128 characters. */
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

/** Parses names, leaving out repeats. @throws ChannelError also when there are none or too many */
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

/** Four characters that change with the set of channels: tells a resume with other channels from a plain one. */
export function channelSetTag(channels: readonly Pick<Channel, 'name'>[]): string {
  const names = channels.map(({ name }) => name).sort();
  return createHash('sha256').update(names.join(',')).digest('base64url').slice(0, 4);
}
