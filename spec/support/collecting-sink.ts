import type { EndReason, Sink } from '../../streams/core/sink.ts';

export interface CollectedEvent {
  event: string;
  id?: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of any shape
  data: any;
}

/** A reader of NDJSON in memory, which may stop reading. */
export class CollectingSink implements Sink {
  text = '';
  pendingBytes = 0;
  endedFor: EndReason | null = null;
  /** While false the reader does not read. */
  isReading = true;
  #drain: () => void = () => undefined;

  write(chunk: string): boolean {
    this.text += chunk;
    return this.isReading;
  }

  onDrain(listener: () => void): void {
    this.#drain = listener;
  }

  read(): void {
    this.isReading = true;
    this.#drain();
  }

  end(reason: EndReason): void {
    this.endedFor = reason;
  }

  get isEnded(): boolean {
    return this.endedFor !== null;
  }

  /** What came whole, of the first so many characters. */
  upTo(length: number): CollectedEvent[] {
    const lines = this.text.slice(0, length).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }

  get events(): CollectedEvent[] {
    return this.upTo(Infinity);
  }

  of(event: string): CollectedEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  get lastId(): string | null {
    return this.events.findLast(({ id }) => id !== undefined)?.id ?? null;
  }
}
