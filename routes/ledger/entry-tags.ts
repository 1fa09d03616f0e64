import { z } from 'zod';
import { MAX_TAGS } from '../../lib/csv/tag-list.ts';
import { problem } from '../../lib/problem.ts';
import * as field from '../../lib/schemas/fields.ts';

/** The tags of a trade or transfer. The server may allow fewer: see `checkTags`. */
export const tagsInput = z.array(field.text(50)).max(MAX_TAGS).meta({
  description:
    'Labels to filter by; none if omitted. At most `TAGS_PER_ENTRY` (20 by default), and `TAGS_PER_PORTFOLIO` different ones in a portfolio.',
});

/** What is wrong with the number of tags; `null` if it is allowed. */
export function tagError(tags: readonly string[] | undefined, limit: number): string | null {
  return (tags?.length ?? 0) > limit ? `must have at most ${limit} tags (TAGS_PER_ENTRY)` : null;
}

/** @throws the 400 that names the entries with more tags than the limit */
export function checkTags(
  inputs: readonly { tags?: readonly string[] | undefined }[],
  limit: number,
  inBatch = false,
): void {
  const errors = inputs.flatMap(({ tags }, index) => {
    const detail = tagError(tags, limit);
    return detail === null ? [] : [{ pointer: inBatch ? `/items/${index}/tags` : '/tags', detail }];
  });
  if (errors.length === 0) return;
  throw problem('invalid-request', { errors: errors.slice(0, 20) });
}
