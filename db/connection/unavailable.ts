import knexPackage from 'knex';
import { errorCode } from './error-code.ts';

const CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // SQLSTATE: connection exceptions, a transaction that was idle for too long, disk full, memory full, too many connections,
  // shutting down, crashed, starting up, read-only standby, files that cannot be read or written.
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  // What PgBouncer says when the server is away, or it has no connection to spare.
  '08P01',
  '25P03',
  '53100',
  '53200',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '25006',
  '58030',
]);

const MESSAGES =
  /Connection terminated|Connection ended|timeout expired|Query read timeout|not queryable|Client was closed/i;

/** SQLSTATE of a server that answers, but takes no more writes: disk full, read-only standby. */
const READ_ONLY = new Set(['53100', '25006']);

/** Whether nothing can be written at the moment, although much can be read. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof Error && READ_ONLY.has(errorCode(error) ?? '');
}

/** Whether the database, rather than the query, is at fault: to be answered with 503 and tried again later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof knexPackage.knex.KnexTimeoutError) return true;
  if (CODES.has(errorCode(error) ?? '')) return true;
  // A Unix socket that is not there, or not for this user: ENOENT and EACCES, which mean other things elsewhere.
  if ('syscall' in error && error.syscall === 'connect') return true;
  if (MESSAGES.test(error.message)) return true;
  if (error instanceof AggregateError && error.errors.some(isUnavailable)) return true;
  return error.cause !== undefined && isUnavailable(error.cause);
}
