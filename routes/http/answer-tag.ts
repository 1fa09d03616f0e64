import { entityTag } from './conditional.ts';
import { VERSION } from '../../lib/process/package-info.ts';

/** The entity tag of an answer, by its inputs and the version of the program, which may change the answer. */
export function tagOfBasis(basis: string): string {
  return entityTag(`${VERSION} ${basis}`);
}
