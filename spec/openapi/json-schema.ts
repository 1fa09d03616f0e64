/** A JSON Schema of the kind that the documents use. */
export type Schema = Record<string, unknown>;

const TYPES: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const FORMATS: Record<string, RegExp> = {
  uuid: /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  email: /^[^@\s]+@[^@\s]+$/,
  // For who draws a form.
  password: /^/,
};

type Check = (expected: never, value: unknown, schema: Schema, at: string) => string[];

/**
 * Checks values against schemas, by the rules of JSON Schema 2020-12 alone. A keyword or format it does not know is an
 * error too: nothing in a document goes unlooked at.
 */
export function schemaChecker(
  resolve: (ref: string) => Schema,
): (schema: Schema, value: unknown) => string[] {
  const text = (value: unknown): value is string => typeof value === 'string';
  const when = (holds: boolean, message: string): string[] => (holds ? [message] : []);

  const keywords: Record<string, Check> = {
    $ref: (ref: string, value, _schema, at) => check(resolve(ref), value, at),
    type(types: string | string[], value, _schema, at) {
      const known = [types].flat().map((type) => {
        const isOfType = TYPES[type];
        if (isOfType === undefined) throw new Error(`${at}: unknown type ${type}`);
        return isOfType;
      });
      return when(!known.some((isOfType) => isOfType(value)), `${at} is no ${[types].flat().join(' or ')}`);
    },
    const: (only: unknown, value, _schema, at) => when(value !== only, `${at} is not ${String(only)}`),
    enum: (values: unknown[], value, _schema, at) =>
      when(!values.includes(value), `${at} is none of ${values.join(', ')}`),
    pattern: (pattern: string, value, _schema, at) =>
      when(text(value) && !new RegExp(pattern, 'u').test(value), `${at} does not match ${pattern}`),
    format(format: string, value, _schema, at) {
      const pattern = FORMATS[format];
      if (pattern === undefined) throw new Error(`${at}: unknown format ${format}`);
      return when(text(value) && !pattern.test(value), `${at} is no ${format}`);
    },
    minLength: (min: number, value, _schema, at) => when(text(value) && value.length < min, `${at} is short`),
    maxLength: (max: number, value, _schema, at) => when(text(value) && value.length > max, `${at} is long`),
    minimum: (min: number, value, _schema, at) =>
      when(typeof value === 'number' && value < min, `${at} is low`),
    maximum: (max: number, value, _schema, at) =>
      when(typeof value === 'number' && value > max, `${at} is high`),
    exclusiveMinimum: (min: number, value, _schema, at) =>
      when(typeof value === 'number' && value <= min, `${at} is low`),
    minItems: (min: number, value, _schema, at) =>
      when(Array.isArray(value) && value.length < min, `${at} has few items`),
    maxItems: (max: number, value, _schema, at) =>
      when(Array.isArray(value) && value.length > max, `${at} has many items`),
    items: (items: Schema, value, _schema, at) =>
      Array.isArray(value) ? value.flatMap((each, index) => check(items, each, `${at}/${index}`)) : [],
    prefixItems: (items: Schema[], value, _schema, at) =>
      Array.isArray(value)
        ? items.slice(0, value.length).flatMap((each, index) => check(each, value[index], `${at}/${index}`))
        : [],
    properties: (properties: Record<string, Schema>, value, _schema, at) =>
      Object.entries(properties).flatMap(([name, schema]) =>
        isObject(value) && Object.hasOwn(value, name) ? check(schema, value[name], `${at}/${name}`) : [],
      ),
    required: (names: string[], value, _schema, at) =>
      isObject(value)
        ? names.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}/${name} is missing`)
        : [],
    additionalProperties(rest: boolean | Schema, value, schema, at) {
      if (!isObject(value) || rest === true) return [];
      const known = Object.keys((schema['properties'] ?? {}) as Schema);
      return Object.keys(value)
        .filter((name) => !known.includes(name))
        .flatMap((name) =>
          rest === false ? [`${at}/${name} is unknown`] : check(rest, value[name], `${at}/${name}`),
        );
    },
    propertyNames: (names: Schema, value, _schema, at) =>
      isObject(value) ? Object.keys(value).flatMap((name) => check(names, name, `${at}/${name}`)) : [],
    anyOf(schemas: Schema[], value, _schema, at) {
      const found = schemas.map((schema) => check(schema, value, at));
      return found.some((errors) => errors.length === 0) ? [] : [`${at} fits none: ${JSON.stringify(found)}`];
    },
    allOf: (schemas: Schema[], value, _schema, at) => schemas.flatMap((schema) => check(schema, value, at)),
    // What explains and does not restrict.
    description: () => [],
    title: () => [],
    default: () => [],
    example: () => [],
    examples: () => [],
    deprecated: () => [],
  };

  function check(schema: Schema, value: unknown, at: string): string[] {
    return Object.entries(schema).flatMap(([keyword, expected]) => {
      const run = keywords[keyword];
      if (run === undefined) throw new Error(`${at}: unknown keyword ${keyword}`);
      return run(expected as never, value, schema, at);
    });
  }

  return (schema, value) => check(schema, value, '');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
