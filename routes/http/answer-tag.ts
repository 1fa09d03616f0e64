import { entityTag } from './conditional.ts';
import { VERSION } from '../../lib/process/package-info.ts';

/**
 * Everything that an answer depends on. Another version of the program may give another answer for the same basis, and
 * on another timeline of the database the versions in the basis stand for other changes.
 */
export function wholeBasis(basis: string, timeline: string): string {
  return `${VERSION} ${timeline} ${basis}`;
}

/** The entity tag of an answer, made from its basis. */
export function tagOfBasis(basis: string, timeline: string): string {
  return entityTag(wholeBasis(basis, timeline));
}
