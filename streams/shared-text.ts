/** Text that many connections write: what their transport makes of it is made once. */
export class SharedText {
  readonly text: string;
  #httpChunk: Buffer | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** One chunk of the chunked transfer coding (RFC 9112, section 7.1). */
  get httpChunk(): Buffer {
    if (this.#httpChunk === null) {
      const length = Buffer.byteLength(this.text);
      const head = `${length.toString(16)}\r\n`;
      const chunk = Buffer.allocUnsafe(head.length + length + 2);
      chunk.write(head, 0, 'latin1');
      chunk.write(this.text, head.length, 'utf8');
      chunk.write('\r\n', head.length + length, 'latin1');
      this.#httpChunk = chunk;
    }
    return this.#httpChunk;
  }
}
