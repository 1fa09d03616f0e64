import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A JSON Schema of the kind that the documents use. */
export type Schema = Record<string, unknown>;

/** References to the document's schemas, as ones that lead there from anywhere. */
function anchored<T>(part: T): T {
  return JSON.parse(JSON.stringify(part).replaceAll('"$ref":"#/components/schemas/', '"$ref":"marktide:'));
}

/**
 * Checks values against schemas of a document by JSON Schema 2020-12. A keyword or format that nobody knows is thrown,
 * so nothing in a document goes unlooked at. Each schema is compiled once, when it is first asked for.
 * @returns what does not fit, a line each
 */
export function schemaChecker({
  components,
}: {
  components: { schemas: Record<string, Schema> };
}): (schema: Schema, value: unknown) => string[] {
  const ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    allErrors: true,
    // A process checks few values by each: to write a schema into all that refer to it, in the best code, takes longer.
    inlineRefs: false,
    code: { optimize: false },
  });
  addFormats.default(ajv);
  // Of OpenAPI's own vocabulary; they restrict nothing.
  ajv.addVocabulary(['example', 'discriminator']);
  for (const [name, schema] of Object.entries(components.schemas)) {
    ajv.addSchema(anchored(schema), `marktide:${name}`);
  }
  const compiled = new WeakMap<Schema, ValidateFunction>();

  function validatorOf(schema: Schema): ValidateFunction {
    let validate = compiled.get(schema);
    if (validate === undefined) {
      validate = ajv.compile(anchored(schema));
      compiled.set(schema, validate);
    }
    return validate;
  }

  return (schema, value) => {
    const validate = validatorOf(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message = '', params }) =>
        `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    );
  };
}
