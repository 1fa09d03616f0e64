import type { Frame } from './frame.ts';

/** A frame waiting to be written. `views`: how many views of its event come up to it, 0 when it is the last. */
export interface QueuedFrame {
  frame: Frame;
  log: string;
  views: number;
  /** State sent outside the log's order (on connect, after a reset) does not move the cursor. */
  aside?: boolean;
}

/** An event of the connection itself, in its place among the frames. */
export interface QueuedControl {
  event: string;
  data: unknown;
  /** Positions (log → cursor part) that the client reaches with it. `null`: it carries no id. */
  reached: Map<string, string> | null;
}

export type Queued = QueuedFrame | QueuedControl;

/** What a cursor counts of an event after one of its frames: see `QueuedFrame.views`. */
export function viewsUpTo(index: number, frames: readonly Frame[]): number {
  return index + 1 < frames.length ? index + 1 : 0;
}

/** Size that a control event is counted with, so that these are bounded too. */
const CONTROL_BYTES = 200;

/**
 * What a connection still has to write, in log order. A state frame replaces an older one of its slot, so a stalled
 * client costs one frame per slot. Frames of events channels all stay, and their bytes are counted.
 */
export class SendQueue {
  /** `null` while nothing is queued, which is most of the time. */
  #frames: Map<string | Frame | QueuedControl, Queued> | null = null;
  #eventBytes = 0;
  #stateBytes = 0;
  #conflated = 0;

  get size(): number {
    return this.#frames?.size ?? 0;
  }

  /** Bytes (UTF-16 units of the JSON text) of frames that may not be dropped. */
  get eventBytes(): number {
    return this.#eventBytes;
  }

  get bytes(): number {
    return this.#eventBytes + this.#stateBytes;
  }

  /** Queues the frames of one event, which a cursor counts. */
  pushEvent(log: string, frames: readonly Frame[]): void {
    frames.forEach((frame, index) => this.push({ frame, log, views: viewsUpTo(index, frames) }));
  }

  push(item: QueuedFrame): void {
    const { frame } = item;
    const frames = (this.#frames ??= new Map());
    if (frame.kind === 'events') {
      frames.set(frame, item);
      this.#eventBytes += frame.data.length;
      return;
    }
    const older = frames.get(frame.slot);
    if (older !== undefined && 'frame' in older) {
      // Deleted first, so that the newer one is last and ids stay in order.
      frames.delete(frame.slot);
      this.#stateBytes -= older.frame.data.length;
      this.#conflated += 1;
    }
    frames.set(frame.slot, item);
    this.#stateBytes += frame.data.length;
  }

  pushControl(item: QueuedControl): void {
    (this.#frames ??= new Map()).set(item, item);
    this.#eventBytes += CONTROL_BYTES;
  }

  /**
   * Empties the queue.
   * @returns `conflated`: how many states newer ones have replaced since the last call
   */
  take(): { items: Queued[]; conflated: number } {
    const items = [...(this.#frames?.values() ?? [])];
    const conflated = this.#conflated;
    this.#conflated = 0;
    this.clear();
    return { items, conflated };
  }

  /** Drops the frames of one log, which a reset has made invalid. */
  drop(log: string): void {
    for (const [key, item] of this.#frames ?? []) {
      if (!('frame' in item) || item.log !== log) continue;
      this.#frames?.delete(key);
      if (item.frame.kind === 'events') this.#eventBytes -= item.frame.data.length;
      else this.#stateBytes -= item.frame.data.length;
    }
  }

  clear(): void {
    this.#frames = null;
    this.#eventBytes = 0;
    this.#stateBytes = 0;
  }
}
