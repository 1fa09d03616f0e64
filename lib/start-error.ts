/** Why a node cannot start, in one sentence that names the variable to change. Printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const MAX_REASON = 200;

/** What the last attempt said, in brackets, after a blank; empty if that is nothing to go by. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  // A host with several addresses: one of them is enough.
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const [line = ''] = (one instanceof Error ? one.message : '').split('\n', 1);
  return line === '' ? '' : ` (${line.slice(0, MAX_REASON)})`;
}
