import { errorCode } from './error-code.ts';
import type { Knex } from 'knex';

/** How long a statement may take that no request waits for, or whose work grows with a whole ledger. */
export const LONG_WORK_MS = 600_000;
/** A server that is alive has cancelled the statement by then. */
const GRACE_MS = 5_000;

/**
 * Gives the rest of a transaction more time than a request has, both for its statements and for their locks. It has no
 * effect on the embedded database, which cancels nothing.
 */
export async function allowTime(trx: Knex, ms: number): Promise<void> {
  await trx.raw(`set local statement_timeout = ${ms}; set local lock_timeout = ${ms}`);
}

/** Whether the server has cancelled a statement: it took too long. */
export function isCancelled(error: unknown): boolean {
  return error instanceof Error && errorCode(error) === '57014';
}

/** Whether the server has given up waiting for a lock that another transaction holds. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && errorCode(error) === '55P03';
}

const ALLOWED = /^set local statement_timeout = (\d+);/;
const ENDED = /^(commit|rollback)(?! to)\b/i;

/**
 * How long to wait for the answers on one connection, in milliseconds: a little longer than the server works on them.
 * The driver itself cannot tell a long statement from a silent server.
 */
export class Patience {
  #allowed: number | null = null;

  /** @returns `null`: the usual time */
  of(statement: string): number | null {
    if (ENDED.test(statement)) this.#allowed = null;
    const allowed = ALLOWED.exec(statement)?.[1];
    if (allowed !== undefined) this.#allowed = Number(allowed) + GRACE_MS;
    return this.#allowed;
  }
}

/** How long a connection waits for an answer, unless a transaction has more time. */
export function usualPatience(statementTimeout: number): number {
  return statementTimeout + GRACE_MS;
}
