import { WorkerThread } from '../../lib/process/worker-thread.ts';
import type { EngineRequest } from './engine-worker.ts';

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
  const thread = new WorkerThread<EngineRequest, Uint8Array>({
    caller: import.meta.url,
    file: './engine-worker',
    name: 'the embedded database',
  });
  try {
    await thread.ask({ open: dataDir });
  } catch (error) {
    await thread.terminate();
    throw error;
  }
  return {
    exec: (sql) => thread.ask({ sql }),
    execProtocolRaw: (message) => thread.ask({ message }),
    close: async () => {
      await thread.ask({ close: true }).finally(() => thread.terminate());
    },
  };
}
