import { parentPort } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

/** A message from the node: the first one opens the database. */
export interface EngineRequest {
  id: number;
  request: { open: string } | { sql: string } | { message: Uint8Array } | { close: true };
}
/** What came of a request: bytes of the wire protocol, or none. */
export type EngineAnswer = { id: number } & (
  { answer: Uint8Array<ArrayBuffer>; error: null } | { answer: null; error: Error }
);

const port = parentPort;
const NOTHING = new Uint8Array(0);
let database: PGlite | undefined;
/** Requests are carried out in their order: an end must not overtake a statement. */
let last: Promise<unknown> = Promise.resolve();

async function answer(request: EngineRequest['request']): Promise<Uint8Array<ArrayBuffer>> {
  if ('open' in request) {
    database = await PGlite.create(request.open);
    return NOTHING;
  }
  const lite = database;
  if (lite === undefined) throw new Error('the embedded database is not open');
  if ('sql' in request) await lite.exec(request.sql);
  // A copy of its own length: it may be a view of all the memory of the database, which would be sent along.
  else if ('message' in request) return Uint8Array.from(await lite.execProtocolRaw(request.message));
  else await lite.close();
  return NOTHING;
}

async function carryOut({ id, request }: EngineRequest): Promise<void> {
  try {
    const bytes = await answer(request);
    tell({ id, answer: bytes, error: null }, bytes === NOTHING ? [] : [bytes.buffer]);
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    tell({ id, answer: null, error });
  }
}

function tell(told: EngineAnswer, given: ArrayBuffer[] = []): void {
  port?.postMessage(told, given);
}

port?.on('message', (request: EngineRequest) => {
  last = last.then(() => carryOut(request));
});
