import type { PooledClient } from './pooled-client.ts';

/** Times after which PostgreSQL itself ends what a node began, in milliseconds. */
export interface SessionLimits {
  /** A statement is cancelled, since its request is no longer waiting for the answer. */
  statement: number;
  /** Waiting for a row that another transaction has locked is abandoned. */
  lock: number;
  /** A transaction whose node sends nothing is rolled back: the node may be frozen, or its machine gone. */
  idleInTransaction: number;
}

/**
 * Notice within half a minute that the other end is gone without closing the connection. Servers too old for one of
 * these go without it.
 */
const PEER_CHECKS = {
  client_connection_check_interval: '5s',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '25000',
} as const;

/** As long as for a connection of a node's own pool. */
const POOLER_WAIT_MS = 10_000;

const BEGIN = /^begin\b[^;]*/i;

/**
 * Applies the limits to a new connection. They are not sent as startup parameters, which poolers such as PgBouncer
 * refuse.
 *
 * Behind a pooler in transaction mode a setting of the session would stay with a server connection that other clients
 * use next, so each transaction sets its own limits there, in the same round trip as BEGIN. Statements outside
 * transactions then have only the limits of the database role.
 */
export function limitSession(
  client: PooledClient,
  limits: SessionLimits,
  done: (error: Error | null) => void,
): void {
  const settings = {
    statement_timeout: `${limits.statement}`,
    lock_timeout: `${limits.lock}`,
    idle_in_transaction_session_timeout: `${limits.idleInTransaction}`,
    ...PEER_CHECKS,
  };
  const statement = {
    // `current_setting(…, true)` is null for a setting that this server does not have.
    text: `select pg_backend_pid() as pid, (
        select count(set_config(name, value, false)) from jsonb_each_text($1) as wanted (name, value)
        where pg_backend_pid() = $2 and current_setting(name, true) is not null)`,
    values: [JSON.stringify(settings), client.processID],
  };
  client.query(statement, (error, result) => {
    if (error === null && !isDirect(client, result)) limitTransactions(client, limits);
    done(error);
  });
}

function isDirect(client: PooledClient, result: unknown): boolean {
  const { rows } = result as { rows: { pid: number }[] };
  return rows[0]?.pid === client.processID;
}

function limitTransactions(client: PooledClient, limits: SessionLimits): void {
  const query = client.query.bind(client);
  const settings = [
    `set local statement_timeout = ${limits.statement}`,
    `set local lock_timeout = ${limits.lock}`,
    `set local idle_in_transaction_session_timeout = ${limits.idleInTransaction}`,
  ].join('; ');
  client.query = (asked, done) => {
    const statement = typeof asked === 'string' ? { text: asked } : asked;
    if (!BEGIN.test(statement.text)) return query(asked, done);
    const text = statement.text.replace(BEGIN, (begin) => `${begin}; ${settings}`);
    // The pooler may have no server connection to spare, and would let it wait for minutes.
    return query({ ...statement, text, query_timeout: POOLER_WAIT_MS }, done);
  };
}
