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
  // SQLSTATE: connection exceptions, too many connections, shutting down, crashed, starting up, read-only standby.
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '25006',
]);

const MESSAGES =
  /Connection terminated|Connection ended|timeout expired|Query read timeout|not queryable|Client was closed/i;

/** Whether the database, rather than the query, is at fault: to be answered with 503 and tried again later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof knexPackage.knex.KnexTimeoutError) return true;
  if (CODES.has(errorCode(error) ?? '')) return true;
  if (MESSAGES.test(error.message)) return true;
  if (error instanceof AggregateError && error.errors.some(isUnavailable)) return true;
  return error.cause !== undefined && isUnavailable(error.cause);
}
