import type { Position } from './broker.ts';
import { type Channel, channelSetTag } from './channel.ts';
import { encodeCursor, encodePart } from './cursor.ts';
import type { LogView } from './log-view.ts';

/** A number like the offsets, so that the field that moves with every write stays a plain small integer. */
const NOT_LIVE = -1;

/** How far one connection has come in one log. */
export class Place {
  readonly log: string;
  /** Names of the connection's channels that are views of it. */
  readonly channels: readonly string[];
  /** Null until the connection has begun with it. */
  view: LogView | null = null;
  /** Last offset handed over. */
  live = NOT_LIVE;
  /** Cursor part as of what was written; `null` while the client has nothing that counts. */
  part: string | null = null;

  constructor(log: string, channels: readonly string[]) {
    this.log = log;
    this.channels = channels;
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

/** How far one connection has come in all its logs: a few, so looking through them is quicker than looking one up. */
export class Places {
  readonly channelSet: string;
  /** What every id begins with. */
  readonly head: string;
  /** Sorted by log, since ids are compared as text. */
  readonly all: readonly Place[];

  /** @param seal goes into every id: proves later that its reader was let in */
  constructor(channels: readonly Channel[], seal: string | null) {
    this.channelSet = channelSetTag(channels);
    this.head = seal ? `${this.channelSet}~${seal}` : this.channelSet;
    const logs = [...new Set(channels.map(({ log }) => log))].sort();
    // Not pushed one by one: an array that has grown keeps room for sixteen more, in every connection.
    this.all = logs.map((log) => {
      const own = channels.filter((channel) => channel.log === log);
      return new Place(
        log,
        own.map(({ name }) => name),
      );
    });
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

  /** The cursor as of what was written. */
  id(): string {
    return encodeCursor(
      this.head,
      this.all.flatMap(({ part }) => part ?? []),
    );
  }
}
