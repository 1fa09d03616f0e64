import { write, writeSync } from 'node:fs';
import type { Clock } from '../clock.ts';

/** Bytes that wait for the output at most; lines beyond are dropped and counted. */
const MAX_BYTES = 1_048_576;
const RETRY_MS = 500;
/** A pipe that does not block is only full. */
const FULL_RETRY_MS = 20;

/** As pino numbers it. */
const WARN = 40;

/** What a reader who has gone answers: nobody will ever read this again. */
const GONE = new Set(['EPIPE', 'EBADF']);

export interface LogOutputOptions {
  fd: number;
  clock: Clock;
}

/**
 * Writes lines to a file or a pipe, in order, without ever holding up the process: a disk may be full, and the reader of a
 * pipe may be frozen. A synchronous write would wait for that reader, and so would everybody the node serves.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  #lines: string[] = [];
  #bytes = 0;
  #dropped = 0;
  /** What is being written, or could not be written yet. */
  #rest: Buffer | null = null;
  #isWriting = false;
  #isGone = false;
  /** Since when, and why, the output takes nothing, other than a pipe that is full. */
  #failure: { since: number; code: string } | null = null;
  #idle: (() => void)[] = [];

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  write(line: string): void {
    if (this.#isGone) return;
    if (this.#bytes + line.length > MAX_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    if (!this.#isWriting && this.#rest === null) this.#next();
  }

  /** The reader of a pipe has stopped in the middle of a write: this process cannot even end normally. */
  get isBlocked(): boolean {
    return this.#isWriting;
  }

  /** Resolves when all is written. @returns false if that was not possible within the time */
  async flush(ms: number): Promise<boolean> {
    if (!this.#isWriting && this.#rest === null) return true;
    return await new Promise<boolean>((resolve) => {
      const cancel = this.#options.clock.after(ms, () => resolve(false));
      this.#idle.push(() => {
        cancel();
        resolve(true);
      });
    });
  }

  /** At the end of the process, if it ends without `flush`: what can be written at once. */
  flushNow(): void {
    // How much of it has been written is not known here.
    if (this.#isWriting || this.#isGone) return;
    try {
      for (let rest = this.#take(); rest !== null; rest = this.#take()) {
        const written = writeSync(this.#options.fd, rest);
        this.#rest = written < rest.length ? rest.subarray(written) : null;
      }
    } catch {
      // As much as there was room for.
    }
  }

  #take(): Buffer | null {
    if (this.#rest !== null) return this.#rest;
    if (this.#lines.length === 0) return null;
    const lines = this.#lines.join('');
    const notice = this.#dropped === 0 ? '' : this.#dropNotice();
    this.#lines = [];
    this.#bytes = 0;
    this.#dropped = 0;
    return (this.#rest = Buffer.from(lines + notice));
  }

  #next(): void {
    const rest = this.#take();
    if (rest === null) {
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    this.#isWriting = true;
    write(this.#options.fd, rest, (error, written) => {
      this.#isWriting = false;
      if (error === null) {
        this.#rest = written < rest.length ? rest.subarray(written) : null;
        this.#tellFailure();
        this.#next();
      } else if (GONE.has(error.code ?? '')) {
        this.#isGone = true;
        this.#lines = [];
        this.#rest = null;
        this.#next();
      } else {
        if (error.code !== 'EAGAIN')
          this.#failure ??= { since: this.#options.clock.now(), code: error.code ?? error.message };
        const ms = error.code === 'EAGAIN' ? FULL_RETRY_MS : RETRY_MS;
        this.#options.clock.after(ms, () => this.#next());
      }
    });
  }

  #dropNotice(): string {
    return this.#notice({ dropped: this.#dropped }, 'the log took no more: lines were dropped');
  }

  /** When a line has got through: what came before it was late, and whoever read along saw nothing of it. */
  #tellFailure(): void {
    if (this.#failure === null) return;
    const { since, code } = this.#failure;
    this.#failure = null;
    const forMs = this.#options.clock.now() - since;
    this.#lines.push(this.#notice({ code, forMs }, 'the log could not be written for a while'));
  }

  #notice(fields: object, msg: string): string {
    return `${JSON.stringify({ level: WARN, time: this.#options.clock.now(), ...fields, msg })}\n`;
  }
}
