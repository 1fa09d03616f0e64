import assert from 'node:assert/strict';
import { z } from 'zod';
import { ENDPOINTS } from '../../routes/endpoints.ts';
import { CHANNEL_EVENTS } from '../../routes/streams/channel-events.ts';

/** Everything that is reachable from a schema, itself included. */
function* within(part: unknown, seen: Set<unknown>): Generator<z.ZodType> {
  if (typeof part !== 'object' || part === null || seen.has(part)) return;
  seen.add(part);
  if (part instanceof z.ZodType) {
    yield part;
    yield* within(part.def, seen);
    return;
  }
  for (const each of Object.values(part)) yield* within(each, seen);
}

describe('the names of schemas', () => {
  it('each stand for one schema: the second of a name would silently replace the first in the documents', () => {
    const named = new Map<string, Set<z.ZodType>>();
    const all = ENDPOINTS.flatMap(({ params, query, body, response }) => [params, query, body, response]);
    for (const schema of within([all, CHANNEL_EVENTS], new Set())) {
      const id = schema.meta()?.id;
      if (id !== undefined) named.set(id, (named.get(id) ?? new Set()).add(schema));
    }
    assert.ok(named.size > 150, `${named.size} names`);
    assert.deepEqual(
      [...named].filter(([, schemas]) => schemas.size > 1).map(([id]) => id),
      [],
    );
  });
});
