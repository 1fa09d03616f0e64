import { entityTag } from './conditional.ts';
import { VERSION } from '../../lib/process/package-info.ts';

/** The entity tag of an answer by what it is made of. Another version of the program may make another answer of it. */
export function tagOfBasis(basis: string): string {
  return entityTag(`${VERSION} ${basis}`);
}
