import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Schema } from '../support/json-schema.ts';

export type Schemas = Record<string, Schema>;

/** Depth at which optional parts are left out, so that values end. */
const DEPTH = 4;

/** Values that a schema of the document allows, its examples more often than others. */
export function valuesOf(schema: Schema, schemas: Schemas, depth = 0): Arbitrary<unknown> {
  const values = plainValues(schema, schemas, depth);
  const { example } = schema;
  return example === undefined
    ? values
    : fc.oneof({ weight: 2, arbitrary: fc.constant(example) }, { weight: 3, arbitrary: values });
}

function plainValues(schema: Schema, schemas: Schemas, depth: number): Arbitrary<unknown> {
  const inner = (each: unknown): Arbitrary<unknown> => valuesOf(each as Schema, schemas, depth + 1);
  const { $ref, enum: constants, anyOf, oneOf, type } = schema;
  if (typeof $ref === 'string') return inner(schemas[$ref.split('/').at(-1) ?? ''] ?? {});
  if (Array.isArray(constants)) return fc.constantFrom(...(constants as unknown[]));
  if ('const' in schema) return fc.constant(schema['const']);
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return fc.oneof(...choices.map(inner));
  if (Array.isArray(type)) return fc.oneof(...type.map((each: unknown) => inner({ ...schema, type: each })));
  switch (type) {
    case 'string':
      return texts(schema);
    case 'integer':
    case 'number':
      return fc.integer({
        min: (schema['minimum'] as number | undefined) ?? -1_000,
        max: (schema['maximum'] as number | undefined) ?? 1_000_000,
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(inner(schema['items'] ?? {}), {
        minLength: (schema['minItems'] as number | undefined) ?? 0,
        maxLength: Math.min((schema['maxItems'] as number | undefined) ?? 3, 3),
      });
    case 'object':
      return objects(schema, inner, depth);
    default:
      return fc.jsonValue();
  }
}

function objects(
  { properties = {}, required = [] }: Schema,
  inner: (schema: unknown) => Arbitrary<unknown>,
  depth: number,
): Arbitrary<unknown> {
  const needed = required as string[];
  const wanted = Object.entries(properties as Record<string, unknown>).filter(
    ([name]) => depth < DEPTH || needed.includes(name),
  );
  const parts = Object.fromEntries(wanted.map(([name, each]) => [name, inner(each)]));
  return fc.record(parts, { requiredKeys: needed.filter((name) => name in parts) });
}

function texts({ pattern, format, minLength, maxLength }: Schema): Arbitrary<string> {
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
  const dates = fc.date({ min: new Date('2020-01-01'), max: new Date('2026-11-01'), noInvalidDate: true });
  switch (format) {
    case 'uuid':
      return fc.uuid();
    case 'date-time':
      return dates.map((date) => date.toISOString());
    case 'email':
      return fc.emailAddress();
    default:
      return fc.string({
        minLength: (minLength as number | undefined) ?? 0,
        maxLength: Math.min((maxLength as number | undefined) ?? 40, 300),
        unit: 'grapheme',
      });
  }
}
