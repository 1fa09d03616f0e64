import { Conditional } from './endpoint.ts';

/** An answer by its basis; where that is not known just now, the answer itself. */
export async function conditionalReply<T>(
  basis: string | null,
  make: () => Promise<T> | T,
): Promise<T | Conditional<T>> {
  return basis === null ? await make() : new Conditional(basis, make);
}
