import type { Clock } from '../../../lib/clock.ts';
import type { Batch } from '../cohort.ts';
import type { Places } from './places.ts';
import type { Queued } from '../send-queue.ts';
import type { Sink } from '../sink.ts';
import type { StreamObserver } from '../stream-observer.ts';
import type { Wire } from '../wire.ts';

/** A client that is catching up must read this many of the pending bytes in this time, or all of them. */
const STALL_MS = 30_000;
const STALL_BYTES = 64 * 1024;

export interface StreamWriterOptions {
  wire: Wire;
  sink: Sink;
  places: Places;
  clock: Clock;
  observer?: StreamObserver | undefined;
  /** Called when a client that was behind has caught up with what was written. */
  onDrain: () => void;
}

/** Writes to one connection, each event with the id that it reaches, and knows whether the client keeps up. */
export class StreamWriter {
  readonly #options: StreamWriterOptions;
  /** The client has yet to read what was written. */
  #blocked = false;
  #writable: (() => void) | null = null;
  #heartbeatId = '';
  /** By the monotonic clock, as `lastWrite`. */
  lastFlush = 0;
  lastWrite: number;
  sentEvents = 0;

  constructor(options: StreamWriterOptions) {
    this.#options = options;
    this.lastWrite = options.clock.monotonic();
    options.sink.onDrain(() => this.#drained());
  }

  get isBlocked(): boolean {
    return this.#blocked;
  }

  /** @param waitedMs since the oldest live event was published */
  write(items: readonly Queued[], waitedMs: number | null = null): void {
    if (items.length === 0) return;
    const sentBefore = this.sentEvents;
    const { wire, places } = this.#options;
    const { head, only } = places;
    let text = '';
    for (const item of items) {
      if ('frame' in item) {
        const { frame } = item;
        this.sentEvents += 1;
        if (item.aside === true) {
          text += wire.frame(frame, null);
          continue;
        }
        const part = frame.part(item.views);
        const place = only ?? places.of(item.log);
        if (place !== null) place.part = part;
        text += wire.frame(frame, only === null ? places.id() : `${head}.${part}`);
        continue;
      }
      if (item.reached !== null) places.reach(item.reached);
      if (item.event !== '')
        text += wire.control(item.event, item.data, item.reached === null ? null : places.id());
    }
    this.lastFlush = this.#options.clock.monotonic();
    if (text !== '') this.#send(text);
    this.#options.observer?.flushed(1, this.sentEvents - sentBefore, waitedMs);
  }

  /** Writes what a whole cohort writes. */
  writeShared({ frames, shared, sentAt }: Batch): void {
    this.sentEvents += frames.length;
    this.lastWrite = sentAt;
    const { sink } = this.#options;
    this.#blocked = !(sink.writeShared?.(shared) ?? sink.write(shared.text));
  }

  /** @param moved whether the cursor has moved past events of other channels */
  heartbeat(moved: boolean): void {
    const id = this.#options.places.id();
    this.#send(this.#options.wire.heartbeat(moved && id !== this.#heartbeatId ? id : null));
    this.#heartbeatId = id;
  }

  /** Resolves when the client has read what was written. @param onStall called when it reads too slowly */
  untilWritable(onStall: () => void): Promise<void> {
    if (!this.#blocked) return Promise.resolve();
    const { clock, sink } = this.#options;
    let pending = sink.pendingBytes;
    return new Promise((resolve) => {
      const cancel = clock.every(STALL_MS, () => {
        const taken = pending - sink.pendingBytes;
        pending = sink.pendingBytes;
        // Until then it occupies memory and a replay slot that others wait for.
        if (taken < STALL_BYTES) onStall();
      });
      this.#writable = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Ends the wait for the client. */
  close(): void {
    this.#writable?.();
    this.#writable = null;
  }

  #send(text: string): void {
    this.lastWrite = this.#options.clock.monotonic();
    this.#blocked = !this.#options.sink.write(text) || this.#blocked;
  }

  #drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.close();
    this.#options.onDrain();
  }
}
