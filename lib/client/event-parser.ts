/** One event of a stream as transmitted. */
export interface RawEvent {
  event: string;
  data: string;
}

/**
 * Parses `text/event-stream` (HTML standard, 9.2.6) that arrives in chunks of any size. An event without its closing
 * blank line is never reported, so a stream may be cut at any byte.
 */
export class EventParser {
  /** The id to resume after: that of the last complete block, with or without an event. */
  lastEventId: string | null;
  /** The reconnection delay that the server asks for, in milliseconds. */
  retryMs: number | null = null;
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null;

  constructor(lastEventId: string | null) {
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  /** @returns the events that a chunk completes, each with the id as of that event */
  *feed(text: string): Generator<RawEvent> {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (whole !== '') {
        this.#take(whole);
        continue;
      }
      const event = { event: this.#event || 'message', data: this.#data.join('\n') };
      const isEvent = this.#data.length > 0;
      this.#event = '';
      this.#data = [];
      this.lastEventId = this.#id;
      if (isEvent) yield event;
    }
  }

  #take(line: string): void {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
