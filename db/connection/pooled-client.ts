import { Patience } from './time-limit.ts';

/** The part of a `pg` client that is used here. knex queries with a callback, and streams without one. */
export interface PooledClient {
  query(query: string | Statement, done?: (error: Error | null, result: unknown) => void): unknown;
  emit(event: 'error', error: Error): boolean;
  connection: { stream: { destroy(): void } };
  /** Id of the server process; behind a pooler, a number that the pooler invented. */
  processID: number;
}

export interface Statement {
  text: string;
  values?: readonly unknown[];
  /** Milliseconds until the connection is given up, instead of the pool's. */
  query_timeout?: number;
}

/**
 * `pg` would queue queries behind one whose answer never came. A connection that has timed out is destroyed instead, so
 * that the pool opens a new one.
 */
export function dropWhenSilent(client: PooledClient): void {
  const query = client.query.bind(client);
  const patience = new Patience();
  client.query = (asked, done) => {
    const wait = patience.of(typeof asked === 'string' ? asked : asked.text);
    const statement: string | Statement =
      wait === null || typeof asked === 'string' ? asked : { ...asked, query_timeout: wait };
    if (done === undefined) return query(statement);
    return query(statement, (error, result) => {
      if (error?.message === 'Query read timeout') {
        // knex takes the connection out of its pool on this event; the end of the stream comes later.
        client.emit('error', error);
        client.connection.stream.destroy();
      }
      done(error, result);
    });
  };
}
