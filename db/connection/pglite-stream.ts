import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { EmbeddedEngine } from './embedded-engine.ts';

const TERMINATE = 0x58;
/** What a socket hands on at once. */
const PIECE = 65_536;

/**
 * A socket without a network: what `pg` writes goes to PGlite as wire protocol, and the answer comes back to be read.
 * PGlite has a single session, so at most one such stream may be open at a time; a new one begins by rolling back what
 * the last one left open.
 *
 * It has the few methods of a net.Socket that `pg` calls.
 */
export class PgliteStream extends Duplex {
  readonly #database: EmbeddedEngine;
  #begun = false;

  constructor(database: EmbeddedEngine) {
    super();
    this.#database = database;
  }

  connect(): this {
    void setImmediate().then(() => this.emit('connect'));
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
    // Answers are pushed as soon as they are there: a cursor asks for a bounded number of rows at a time.
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
    // Terminate would end the only session permanently.
    if (chunk[0] === TERMINATE && chunk.length === 5) return;
    if (!this.#begun) {
      this.#begun = true;
      await this.#database.exec('ROLLBACK');
      await this.#database.exec('DISCARD ALL');
    }
    const answer = await this.#database.execProtocolRaw(chunk);
    // A real socket is read in turns of the event loop, a piece at a time. Without them, statements that follow each other
    // would hold up every timer and connection of the process until the last of them, and so would one long answer.
    const whole = Buffer.from(answer);
    for (let at = 0; at < whole.length; at += PIECE) {
      await setImmediate();
      if (this.destroyed) return;
      this.push(whole.subarray(at, at + PIECE));
    }
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
