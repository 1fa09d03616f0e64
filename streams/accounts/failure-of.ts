import { DeadlineError } from '../../lib/async/deadline.ts';
import { AccountError, type Failure } from '../../lib/exchanges/account-failure.ts';

/** Why an account cannot be read; `null` if the error is a bug in this program. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof AccountError) return error.failure;
  return error instanceof DeadlineError ? { code: 'unreachable' } : null;
}
