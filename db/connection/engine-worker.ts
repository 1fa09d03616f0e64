import { PGlite } from '@electric-sql/pglite';
import { serveRequests } from '../../lib/process/worker-thread.ts';

/** The first one opens the database. */
export type EngineRequest = { open: string } | { sql: string } | { message: Uint8Array } | { close: true };

const NOTHING = new Uint8Array(0);
let database: PGlite | undefined;
/** Requests are carried out in their order: an end must not overtake a statement. */
let last: Promise<unknown> = Promise.resolve();

/** @returns bytes of the wire protocol, or none */
async function carryOut(request: EngineRequest): Promise<Uint8Array<ArrayBuffer>> {
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

serveRequests(
  (request: EngineRequest) => {
    const answer = last.then(() => carryOut(request));
    last = answer.catch(() => undefined);
    return answer;
  },
  (bytes) => (bytes === NOTHING ? [] : [bytes.buffer]),
);
