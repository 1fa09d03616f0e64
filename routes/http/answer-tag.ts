import { entityTag } from './conditional.ts';
import { VERSION } from '../../lib/package-info.ts';

/** The entity tag of an answer by what it is made of. Another version of the program may make another answer of it. */
export function tagOfBasis(basis: string): string {
  return entityTag(`${VERSION} ${basis}`);
}

/** The entity tag of a body. `omitted`: members that its tag does without. */
export function tagOfBody(body: unknown, text: string, omitted: readonly string[]): string {
  if (omitted.length === 0 || typeof body !== 'object' || body === null) return entityTag(text);
  const rest = { ...body, ...Object.fromEntries(omitted.map((name) => [name, undefined])) };
  return entityTag(JSON.stringify(rest));
}
