import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';

const TERMINATE = 0x58;

/**
 * A socket without a network: what `pg` writes goes to PGlite as wire protocol, the answer comes back to be read.
 * PGlite has a single session, so at most one such stream may be open at a time; a new one starts with the leavings of
 * the last rolled back.
 *
 * It has the few methods of a net.Socket that `pg` calls.
 */
export class PgliteStream extends Duplex {
  readonly #database: PGlite;
  #begun = false;

  constructor(database: PGlite) {
    super();
    this.#database = database;
  }

  connect(): this {
    setImmediate(() => this.emit('connect'));
    return this;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // eslint-disable-next-line promise/no-callback-in-promise -- a stream's way of waiting
    this.#exchange(chunk).then(() => done(), done);
  }

  /** `pg` corks the messages of one query: they go in as one. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  override _read(): void {
    // Answers are pushed when they are there: a cursor asks for a bounded number of rows at a time.
  }

  /** `pg` ends its side and waits for ours to end too; without this its pool gives up waiting after seconds. */
  override _final(done: (error?: Error | null) => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.push(null);
    done(error);
  }

  async #exchange(chunk: Buffer): Promise<void> {
    // Terminate would end the one session for good.
    if (chunk[0] === TERMINATE && chunk.length === 5) return;
    if (!this.#begun) {
      this.#begun = true;
      await this.#database.exec('ROLLBACK');
      await this.#database.exec('DISCARD ALL');
    }
    const answer = await this.#database.execProtocolRaw(chunk);
    // A real socket is read in a turn of the event loop. Without one, statements that follow each other would hold up
    // every timer and connection of the process until the last of them.
    await new Promise(setImmediate);
    if (!this.destroyed && answer.length > 0) this.push(Buffer.from(answer));
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
