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
  /** The same for text that other connections write too, if the transport has a cheaper way. */
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
  'slow-reader': 'The client reads more slowly than events arrive. Resume with the last id.',
  'rate-limited': 'Too many of your streams are catching up at once. Resume later with the last id.',
  'token-expired': 'The credential that opened the stream has expired.',
  revoked: 'The credential that opened the stream was revoked.',
  'access-lost': 'The caller no longer has access to what the stream shows.',
  'max-age': 'The stream has reached its maximum age. Resume with the last id.',
  shutdown: 'The server is shutting down. Resume with the last id.',
  ended: 'The stream was ended on request.',
  unavailable: 'What the stream shows is unavailable at the moment. Resume later with the last id.',
};

/** All reasons. */
export const END_REASONS = Object.keys(END_DETAIL) as EndReason[];
