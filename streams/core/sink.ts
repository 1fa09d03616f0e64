/** Text that many connections write, encoded once for all of them. */
export class SharedText {
  readonly text: string;
  #bytes: Buffer | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** In UTF-8. */
  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.text);
    return this.#bytes;
  }
}

/** The transport under a subscriber: an HTTP response or a WebSocket. */
export interface Sink {
  /** @returns false if the client is behind: write again after `onDrain` */
  write(chunk: string): boolean;
  /** The same for text that other connections write too, if that is cheaper. */
  writeShared?(shared: SharedText): boolean;
  onDrain(listener: () => void): void;
  /** Bytes written that the client has not read yet. */
  readonly pendingBytes: number;
  end(reason: EndReason): void;
}

export type EndReason =
  | 'slow-reader'
  | 'rate-limited'
  | 'token-expired'
  | 'revoked'
  | 'access-lost'
  | 'max-age'
  | 'shutdown'
  | 'ended'
  | 'unavailable';

export const END_DETAIL: Record<EndReason, string> = {
  'slow-reader': 'The connection reads more slowly than its events come; resume with the last id.',
  'rate-limited': 'Too many of your streams are catching up at once; resume later with the last id.',
  'token-expired': 'The credential that opened the stream has expired.',
  revoked: 'The credential that opened the stream was revoked.',
  'access-lost': 'The caller may no longer read what the stream shows.',
  'max-age': 'The stream has reached its age; resume with the last id.',
  shutdown: 'The server is going down; resume with the last id.',
  ended: 'The stream was ended on request.',
  unavailable: 'What the stream shows cannot be read at the moment; resume with the last id.',
};

/** Every reason there is. */
export const END_REASONS = Object.keys(END_DETAIL) as EndReason[];
