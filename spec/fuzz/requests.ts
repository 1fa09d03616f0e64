import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Schema } from '../support/json-schema.ts';
import { hostileKey, hostileText, hostileValue } from './hostile.ts';
import { type Schemas, valuesOf } from './schema-values.ts';

export interface Operation {
  id: string;
  method: string;
  /** With parameters in braces. */
  path: string;
  parameters: {
    name: string;
    in: 'path' | 'query' | 'header' | 'cookie';
    required: boolean;
    schema: Schema;
  }[];
  /** By media type. */
  body: Record<string, { schema: Schema; example?: unknown }>;
}

export interface FuzzRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

/** Ids that are there: of who asks, and of somebody else. By the name of the parameter. */
export type Ids = Record<string, string[]>;

/** Requests for an operation: as the document has them, nearly so, and hostile. */
export function requestsOf(operation: Operation, schemas: Schemas, ids: Ids): Arbitrary<FuzzRequest> {
  const { method, parameters } = operation;
  const valueOf = (name: string, schema: Schema): Arbitrary<string> => {
    const there = ids[name] ?? [];
    const values = valuesOf(schema, schemas).map(String);
    return fc.oneof(
      ...(there.length === 0 ? [] : [{ weight: 12, arbitrary: fc.constantFrom(...there) }]),
      { weight: 4, arbitrary: values },
      { weight: 2, arbitrary: hostileText },
    );
  };
  const parts = (place: string): Arbitrary<[string, string][]> =>
    fc
      .tuple(
        ...parameters
          .filter((each) => each.in === place)
          .map(({ name, required, schema }) =>
            maybe(fc.tuple(fc.constant(name), valueOf(name, schema)), required ? 15 : 1, required ? 1 : 2),
          ),
      )
      .map((all) => all.filter((each) => each !== null));
  const stray = maybe(fc.tuple(hostileKey, hostileText), 1, 12);
  return fc
    .tuple(parts('path'), parts('query'), parts('header'), stray, bodiesOf(operation, schemas))
    .map(([inPath, inQuery, inHeaders, extra, { body, type }]) => {
      const named = new Map(inPath);
      const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(wellFormed(named.get(name) ?? 'none')),
      );
      const query = [...inQuery, ...(extra === null ? [] : [extra])].map(([name, value]) =>
        [name, value].map((each) => encodeURIComponent(wellFormed(each))).join('='),
      );
      return {
        method,
        path: query.length === 0 ? path : `${path}?${query.join('&')}`,
        headers: {
          ...Object.fromEntries(inHeaders.map(([name, value]) => [name.toLowerCase(), sendable(value)])),
          ...(body === null ? {} : { 'content-type': type }),
        },
        body,
      };
    });
}

function bodiesOf({ body }: Operation, schemas: Schemas): Arbitrary<{ body: string | null; type: string }> {
  const none = { body: null, type: '' };
  const media = Object.entries(body);
  // A body where none is wanted is not looked at, and does no harm.
  if (media.length === 0)
    return fc.oneof(
      { weight: 15, arbitrary: fc.constant(none) },
      {
        weight: 1,
        arbitrary: hostileValue.map((value) => ({ body: JSON.stringify(value), type: 'application/json' })),
      },
    );
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(none) },
    ...media.map(([type, { schema, example }]) => ({
      weight: 20,
      arbitrary: (type.includes('json') ? jsonBodies(schema, schemas) : textBodies(example)).map((text) => ({
        body: text,
        type,
      })),
    })),
  );
}

function jsonBodies(schema: Schema, schemas: Schemas): Arbitrary<string> {
  const valid = valuesOf(schema, schemas);
  const text = valid.map((value) => JSON.stringify(value) ?? '');
  return fc.oneof(
    { weight: 5, arbitrary: text },
    {
      weight: 8,
      arbitrary: fc
        .tuple(valid, fc.nat(), hostileValue, hostileKey, fc.nat(3))
        .map(([value, place, hostile, key, how]) =>
          JSON.stringify(spoilt(value, { place, hostile, key, how })),
        ),
    },
    { weight: 1, arbitrary: hostileValue.map((value) => JSON.stringify(value)) },
    // Not JSON: cut, or doubled.
    {
      weight: 1,
      arbitrary: fc.tuple(text, fc.nat()).map(([whole, at]) => whole.slice(0, at % (whole.length + 1))),
    },
    { weight: 1, arbitrary: text.map((whole) => whole + whole) },
    { weight: 1, arbitrary: hostileText },
  );
}

function textBodies(example: unknown): Arbitrary<string> {
  const text = typeof example === 'string' ? example : '';
  return fc.oneof(
    fc.constant(text),
    fc.tuple(fc.nat(), fc.nat(20), hostileText).map(([at, length, inserted]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + inserted + text.slice(from + length);
    }),
    hostileText,
  );
}

/** The value with one thing wrong, somewhere in it. */
function spoilt(
  value: unknown,
  { place, hostile, key, how }: { place: number; hostile: unknown; key: string; how: number },
): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(value) ?? 'null');
  const places: { at: Record<string, unknown>; name: string }[] = [];
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [name, inner] of Object.entries(part)) {
      places.push({ at: part as Record<string, unknown>, name });
      visit(inner);
    }
  };
  visit(copy);
  const chosen = places[place % Math.max(places.length, 1)];
  if (chosen === undefined) return hostile;
  const { at, name } = chosen;
  if (how === 0) delete at[name];
  // As JSON has it: an assignment to `__proto__` would be no property.
  else if (how === 1)
    Object.defineProperty(at, key, { value: hostile, enumerable: true, configurable: true, writable: true });
  else at[name] = hostile;
  return copy;
}

/** Something `there` times in (there + not). */
function maybe<T>(values: Arbitrary<T>, there: number, not: number): Arbitrary<T | null> {
  return fc.oneof({ weight: there, arbitrary: values }, { weight: not, arbitrary: fc.constant(null) });
}

/** `encodeURIComponent` refuses half a surrogate pair. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd').slice(0, 5_000);
}

/** Node refuses to send anything else in a header. */
function sendable(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 2_000);
}
