import { Derived } from './endpoint.ts';

/** An answer by its basis; where that is not known just now, the answer itself. */
export async function derived<T>(basis: string | null, make: () => Promise<T> | T): Promise<T | Derived<T>> {
  return basis === null ? await make() : new Derived(basis, make);
}
