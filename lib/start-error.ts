/** Why a node cannot start, in one sentence that names the variable to change. Printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
