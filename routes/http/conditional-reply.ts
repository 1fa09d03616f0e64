import { Conditional } from './endpoint.ts';

/** A conditional answer; if its basis is not known at the moment, the answer itself. */
export async function conditionalReply<T>(
  basis: string | null,
  make: () => Promise<T> | T,
): Promise<T | Conditional<T>> {
  return basis === null ? await make() : new Conditional(basis, make);
}
