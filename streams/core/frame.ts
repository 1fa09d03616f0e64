import type { ChannelKind, View } from './channel.ts';
import { encodePart } from './cursor.ts';

/** A view of one log event on one channel, encoded once for all connections. */
export class Frame {
  readonly offset: number;
  readonly kind: ChannelKind;
  /** The channel's exact name, and the wildcard channel that includes it, if any. */
  readonly channel: string;
  readonly wildcard: string | null;
  /** See `View.slot`. */
  readonly slot: string;
  /** See `View.quiet`. */
  readonly quiet: boolean;
  /** SSE event name. */
  readonly event: string;
  /** When the event was published, epoch milliseconds. */
  readonly at: number;
  readonly #tag: string;
  readonly #epoch: string;
  #body: object | null = null;
  #data = '';
  #part: string | null = null;
  #memoKey = '';
  #memoText = '';

  constructor(source: { tag: string; epoch: string; offset: number; at: number }, view: View) {
    this.#tag = source.tag;
    this.#epoch = source.epoch;
    this.offset = source.offset;
    this.at = source.at;
    this.kind = view.kind;
    this.channel = view.channel;
    this.wildcard = view.wildcard;
    this.slot = view.slot ?? view.channel;
    this.quiet = view.quiet === true;
    this.event = view.event;
    if (typeof view.body === 'string') this.#data = view.body;
    else this.#body = view.body;
  }

  /** JSON text, made when first needed: often only one view of an event has readers. */
  get data(): string {
    if (this.#body !== null) {
      this.#data = JSON.stringify(this.#body);
      this.#body = null;
    }
    return this.#data;
  }

  /** The cursor part after the whole event or, if `views` > 0, after that many of its views. */
  part(views: number): string {
    if (views > 0) return encodePart(this.#tag, this.#epoch, this.offset - 1, views);
    this.#part ??= encodePart(this.#tag, this.#epoch, this.offset);
    return this.#part;
  }

  /** Text that a wire makes of the frame for all connections. The last one is cached. */
  text(key: string, make: (frame: Frame) => string): string {
    if (this.#memoKey !== key) {
      this.#memoKey = key;
      this.#memoText = make(this);
    }
    return this.#memoText;
  }
}

/** Whether one of these channels shows the frame. */
export function isOn({ channel, wildcard }: Frame, channels: ReadonlySet<string>): boolean {
  return channels.has(channel) || (wildcard !== null && channels.has(wildcard));
}
