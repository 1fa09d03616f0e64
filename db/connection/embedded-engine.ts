import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../lib/process/worker-thread.ts';
import type { EngineAnswer, EngineRequest } from './engine-worker.ts';

/** The embedded database: PGlite itself, or one in a thread of its own. It takes one message at a time. */
export interface EmbeddedEngine {
  /** Runs SQL without parameters. */
  exec(sql: string): Promise<unknown>;
  /** @param message of PostgreSQL's wire protocol, as is the answer */
  execProtocolRaw(message: Uint8Array): Promise<Uint8Array>;
  /** Ends it; its files may then be opened again. */
  close(): Promise<void>;
}

/**
 * PGlite works while it holds its thread, for as long as a statement takes, so it has one of its own: requests and
 * streams of the node go on meanwhile.
 * @param dataDir its folder, or `memory://`
 * @throws what PGlite throws when it cannot start
 */
export async function startEngine(dataDir: string): Promise<EmbeddedEngine> {
  const engine = new ThreadEngine();
  try {
    await engine.ask({ open: dataDir });
  } catch (error) {
    await engine.end();
    throw error;
  }
  return engine;
}

interface Pending {
  resolve: (answer: Uint8Array) => void;
  reject: (error: Error) => void;
}

class ThreadEngine implements EmbeddedEngine {
  readonly #worker: Worker = startWorker(import.meta.url, './engine-worker');
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  /** Why it is gone. */
  #fault: Error | null = null;

  constructor() {
    this.#worker.on('message', ({ id, answer, error }: EngineAnswer) => {
      const pending = this.#settle(id);
      if (error === null) pending?.resolve(answer);
      else pending?.reject(error);
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the embedded database has ended')));
    this.#worker.unref();
  }

  async exec(sql: string): Promise<void> {
    await this.ask({ sql });
  }

  execProtocolRaw(message: Uint8Array): Promise<Uint8Array> {
    return this.ask({ message });
  }

  async close(): Promise<void> {
    await this.ask({ close: true }).finally(() => this.end());
  }

  ask(request: EngineRequest['request']): Promise<Uint8Array> {
    if (this.#fault !== null) return Promise.reject(this.#fault);
    this.#last += 1;
    const id = this.#last;
    // A command ends when nothing is asked any more, and not in the middle of a statement.
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request } satisfies EngineRequest);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref();
    return pending;
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    for (const [id] of this.#pending) this.#settle(id)?.reject(this.#fault);
  }
}
