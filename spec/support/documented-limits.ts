import type { Schema } from './json-schema.ts';

/** A maximum that a document states, and where. */
export interface Maximum {
  /** `query` or `body`. */
  place: 'query' | 'body';
  /** Name of a parameter, or JSON pointer; `*` stands for the items of an array. */
  at: string;
  keyword: 'maxLength' | 'maxItems' | 'maximum' | 'At most';
  value: number;
  schema: Schema;
}

const KEYWORDS = ['maxLength', 'maxItems', 'maximum'] as const;

export interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; schema: Schema; description?: string }[];
  requestBody?: { description?: string; content: Record<string, { schema: Schema }> };
}

type Schemas = Record<string, Schema>;

function followed(schema: Schema, schemas: Schemas): Schema {
  const { $ref } = schema;
  return typeof $ref === 'string' ? (schemas[$ref.split('/').at(-1) ?? ''] ?? {}) : schema;
}

/** Of entries of different kinds a body can only be one: the usual one stands for them. */
const USUAL_KIND = 'deposit';

function isUsual(schema: Schema): boolean {
  const { kind } = (schema['properties'] ?? {}) as Schemas;
  const names = kind === undefined ? undefined : (kind['enum'] ?? [kind['const']]);
  return !Array.isArray(names) || names.length > 1 || names[0] === undefined || names[0] === USUAL_KIND;
}

function* within(given: Schema, at: string, schemas: Schemas): Generator<Omit<Maximum, 'place'>> {
  const schema = followed(given, schemas);
  for (const keyword of KEYWORDS) {
    const value = schema[keyword];
    if (typeof value === 'number') yield { at, keyword, value, schema };
  }
  for (const [name, each] of Object.entries((schema['properties'] ?? {}) as Schemas)) {
    yield* within(each, `${at}/${name}`, schemas);
  }
  if (schema['items'] !== undefined) yield* within(schema['items'] as Schema, `${at}/*`, schemas);
  for (const keyword of ['anyOf', 'oneOf']) {
    for (const each of (schema[keyword] ?? []) as Schema[]) {
      if (isUsual(followed(each, schemas))) yield* within(each, at, schemas);
    }
  }
}

/** Bytes that a body may have, as its description says. */
export function bodyBytesOf({ requestBody }: Operation): number | null {
  const said = /([\d,]+) ([KM])iB/.exec(requestBody?.description ?? '');
  if (said === null) return null;
  const [, count = '', unit] = said;
  return Number(count.replaceAll(',', '')) * (unit === 'M' ? 2 ** 20 : 2 ** 10);
}

/** All that an operation says may not be passed; in the words of a description too. */
export function maximaOf(operation: Operation, schemas: Schemas): Maximum[] {
  const found: Maximum[] = [];
  for (const { name, in: place, schema, description = '' } of operation.parameters ?? []) {
    if (place !== 'query') continue;
    for (const each of within(schema, name, schemas)) found.push({ ...each, place });
    const said = /\bat most ([\d,]+)/i.exec(description)?.[1];
    if (said !== undefined) {
      found.push({ place, at: name, keyword: 'At most', value: Number(said.replaceAll(',', '')), schema });
    }
  }
  const body = operation.requestBody?.content['application/json']?.schema;
  if (body !== undefined) {
    for (const each of within(body, '', schemas)) found.push({ ...each, place: 'body' });
  }
  return found;
}
