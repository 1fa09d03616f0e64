import { z } from 'zod';
import { TimeSlice } from '../../lib/async/time-slice.ts';
import { type FieldError, type Problem, problem } from '../../lib/problem.ts';
import { schemaFault } from '../../lib/schema-fault.ts';

type Place = 'body' | 'query' | 'path';
type Issues = readonly z.core.$ZodIssue[];

const MAX_ERRORS = 20;

function escapePointer(key: PropertyKey): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * For a body that may have one of several shapes, the shape that was meant: the one that knows most of its fields.
 * Otherwise the caller would only learn that nothing fits.
 */
function meantBy(issues: Issues): Issues {
  const [only] = issues;
  if (issues.length !== 1 || only?.code !== 'invalid_union' || only.path.length > 0) return issues;
  const unknownKeys = (branch: Issues): number =>
    branch.reduce(
      (sum, issue) =>
        sum + (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys.length : 0),
      0,
    );
  const [best] = [...only.errors].sort((a, b) => unknownKeys(a) - unknownKeys(b));
  return best ?? issues;
}

function fieldErrors(issues: Issues, place: Place, prefix: readonly PropertyKey[]): FieldError[] {
  return issues.slice(0, MAX_ERRORS).flatMap((issue): FieldError[] => {
    const isUnknown = issue.code === 'unrecognized_keys';
    const paths = isUnknown
      ? issue.keys.slice(0, MAX_ERRORS).map((key) => [...issue.path, key])
      : [issue.path];
    const detail = isUnknown ? 'is not a known field' : issue.message;
    return paths.map((path) =>
      place === 'body'
        ? {
            pointer: [...prefix, ...path]
              .map((key) => `/${escapePointer(key)}`)
              .join('')
              .slice(0, 200),
            detail,
          }
        : { parameter: String(path[0] ?? '').slice(0, 100), detail },
    );
  });
}

function invalid(all: FieldError[]): Problem {
  return problem('invalid-request', { errors: all.slice(0, MAX_ERRORS) });
}

/** @throws the 400 that names at most 20 fields, or 404 for a path that cannot name a resource */
export function parseInput(schema: z.ZodType | undefined, value: unknown, place: Place): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value, { error: schemaFault });
  if (parsed.success) return parsed.data;
  if (place === 'path') throw problem('not-found');
  throw invalid(fieldErrors(meantBy(parsed.error.issues), place, []));
}

/** A body of one item or of `{items: […]}`, as `itemOrBatch` declares it. */
export interface Batch {
  item: z.ZodType;
  max: number;
}

function isBatch(value: unknown): value is { items: unknown[] } {
  if (typeof value !== 'object' || value === null || !('items' in value)) return false;
  return Array.isArray(value.items) && Object.keys(value).length === 1;
}

/**
 * As `parseInput`, in several turns of the event loop, and only up to the first errors: a wrong field costs many times
 * as much as a right one.
 */
export async function parseBatch(schema: z.ZodType, { item, max }: Batch, value: unknown): Promise<unknown> {
  // For everything else, the schema has the best message.
  if (!isBatch(value) || value.items.length === 0) return parseInput(schema, value, 'body');
  if (value.items.length > max) {
    throw invalid([{ pointer: '/items', detail: `must have at most ${max} items` }]);
  }
  const items: unknown[] = [];
  const errors: FieldError[] = [];
  const slice = new TimeSlice();
  for (const [index, each] of value.items.entries()) {
    if (slice.isOver) await slice.next();
    const parsed = item.safeParse(each, { error: schemaFault });
    if (parsed.success) items.push(parsed.data);
    else errors.push(...fieldErrors(parsed.error.issues, 'body', ['items', index]));
    if (errors.length >= MAX_ERRORS) break;
  }
  if (errors.length > 0) throw invalid(errors);
  return { items };
}
