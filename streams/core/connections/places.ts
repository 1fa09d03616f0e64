import type { Position } from '../broker.ts';
import { type Channel, channelSetTag } from '../channel.ts';
import { encodePart, logTags, MAX_CURSOR_LENGTH, underTag } from '../cursor.ts';
import type { LogView } from '../log-view.ts';

/** A number rather than `null`, so that the field, which changes with every write, stays a small integer. */
const NOT_LIVE = -1;

const NO_CHANNELS = channelSetTag([]);

/** How far one connection has come in one log. */
export class Place {
  readonly log: string;
  /** Names of the connection's channels that are views of the log. */
  readonly channels: readonly string[];
  /** `null` until the connection has started with the log. */
  view: LogView | null = null;
  /** The last offset that was queued or written. */
  live = NOT_LIVE;
  /** Cursor part as of what was written; `null` while the client has no valid position. */
  part: string | null = null;
  /** The log's tag in the ids of this connection, if it is not the usual one. */
  readonly #tag: string | null;

  constructor(log: string, channels: readonly string[], tag: string | null) {
    this.log = log;
    this.channels = channels;
    this.#tag = tag;
  }

  /** The part as it is written in an id over several logs. */
  get ownPart(): string | null {
    return this.#tag === null || this.part === null ? this.part : underTag(this.#tag, this.part);
  }

  get isLive(): boolean {
    return this.live !== NOT_LIVE;
  }

  leave(): void {
    this.live = NOT_LIVE;
  }

  reach(view: LogView, { epoch, offset }: Position, views = 0): void {
    this.part = encodePart(view.tag, epoch, offset, views);
  }
}

/** How far one connection has come in all its logs. They are so few that a linear search beats a map. */
export class Places {
  readonly channelSet: string;
  readonly #seal: string | null;
  #head: string;
  /** Sorted by log, as ids are compared as text. */
  readonly all: readonly Place[];

  /** @param seal part of every id: proves later that its client was authorised */
  constructor(channels: readonly Channel[], seal: string | null) {
    this.channelSet = channelSetTag(channels);
    this.#seal = seal;
    this.#head = this.#headOf(this.channelSet);
    const logs = [...new Set(channels.map(({ log }) => log))].sort();
    const tags = logs.length > 1 ? logTags(logs) : [];
    // Not pushed: a grown array keeps room for 16 more elements, in every connection.
    this.all = logs.map((log, index) => {
      const own = channels.filter((channel) => channel.log === log);
      return new Place(
        log,
        own.map(({ name }) => name),
        tags[index]?.startsWith('~') === true ? (tags[index] ?? null) : null,
      );
    });
  }

  /** What every id begins with. */
  get head(): string {
    return this.#head;
  }

  /**
   * While the state of some channel is still to be sent (`false`), ids carry an empty channel set: a client that is cut
   * before then gets all states when it comes back.
   */
  tellChannels(isComplete: boolean): void {
    this.#head = this.#headOf(isComplete ? this.channelSet : NO_CHANNELS);
  }

  #headOf(channelSet: string): string {
    return this.#seal ? `${channelSet}~${this.#seal}` : channelSet;
  }

  /** The connection's only log, if it has only one. */
  get only(): Place | null {
    return this.all.length === 1 ? (this.all[0] ?? null) : null;
  }

  of(log: string): Place | null {
    for (const place of this.all) if (place.log === log) return place;
    return null;
  }

  reach(parts: ReadonlyMap<string, string>): void {
    for (const [log, part] of parts) {
      const place = this.of(log);
      if (place !== null) place.part = part;
    }
  }

  /** The cursor as of what was written. A log that does not fit is left out, and later starts with a `reset`. */
  id(): string {
    let id = this.#head;
    for (const { ownPart } of this.all) {
      if (ownPart !== null && id.length + 1 + ownPart.length <= MAX_CURSOR_LENGTH) id += `.${ownPart}`;
    }
    return id;
  }
}
