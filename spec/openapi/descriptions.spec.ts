import assert from 'node:assert/strict';
import { VERSION } from '../../lib/process/package-info.ts';
import { asyncApiDocument } from '../../openapi/asyncapi.ts';
import { openApiDocument } from '../../openapi/document.ts';
import { API } from '../../openapi/documents.ts';

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of an object, or the items of an array, that are objects themselves. */
function membersOf(value: unknown): [string, Json][] {
  return Object.entries(typeof value === 'object' && value !== null ? value : {}).filter(
    (entry): entry is [string, Json] => isObject(entry[1]),
  );
}

function at(document: Json, ...path: string[]): Json {
  const found = path.reduce<unknown>((part, key) => (isObject(part) ? part[key] : undefined), document);
  return isObject(found) ? found : {};
}

/** What a reference leads to; anything else as it is. */
function followed(document: Json, part: Json): Json {
  const { $ref } = part;
  return typeof $ref === 'string' ? at(document, ...$ref.replace('#/', '').split('/')) : part;
}

const SENTENCES = /^[A-Z`(].*[.!]$/s;
/** Says the name of the field again, and no more. */
const FILLER = /^The `?\w+`?(?: of the \w+)?\.$/;

/** What is wrong with a description; `null`: nothing. */
function faultOf(description: unknown): string | null {
  if (typeof description !== 'string' || description === '') return 'has no description';
  if (!SENTENCES.test(description)) return `is not described in sentences: ${description}`;
  return FILLER.test(description) ? `has a description that says nothing: ${description}` : null;
}

/** Each property of a schema, and of what is inside it, that is not described. A named schema describes itself. */
function* undescribed(document: Json, schema: Json, path: string): Generator<string> {
  if ('$ref' in schema) return;
  for (const [name, property] of membersOf(schema['properties'])) {
    const fault = faultOf(followed(document, property)['description']);
    if (fault !== null) yield `${path}.${name} ${fault}`;
    yield* undescribed(document, property, `${path}.${name}`);
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    for (const [index, part] of membersOf(schema[keyword])) {
      yield* undescribed(document, part, `${path}|${index}`);
    }
  }
  for (const keyword of ['items', 'additionalProperties']) {
    const part = schema[keyword];
    if (isObject(part)) yield* undescribed(document, part, `${path}[]`);
  }
}

function* undescribedSchemas(document: Json): Generator<string> {
  for (const [name, schema] of membersOf(at(document, 'components', 'schemas'))) {
    const fault = faultOf(schema['description']);
    if (fault !== null) yield `${name} ${fault}`;
    yield* undescribed(document, schema, name);
  }
}

function operationsOf(document: Json): [string, Json][] {
  return membersOf(document['paths']).flatMap(([, methods]) =>
    membersOf(methods).map(([, operation]): [string, Json] => [String(operation['operationId']), operation]),
  );
}

function countOf(text: string, keyword: string): number {
  return text.split(`"${keyword}":`).length - 1;
}

describe('the words of the OpenAPI document', () => {
  const document = JSON.parse(JSON.stringify(openApiDocument(API, VERSION))) as Json;
  const operations = operationsOf(document);

  it('describe every schema and every property', () => {
    assert.ok(countOf(JSON.stringify(document), 'properties') > 100);
    assert.deepEqual([...undescribedSchemas(document)], []);
  });

  it('describe every parameter', () => {
    const all = operations.flatMap(([id, { parameters }]) =>
      membersOf(parameters).map(([, parameter]): [string, Json] => [
        `${id} ${String(parameter['in'])} ${String(parameter['name'])}`,
        followed(document, parameter),
      ]),
    );
    assert.ok(all.length > 200);
    const faults = all.flatMap(([name, { description }]) => {
      const fault = faultOf(description);
      return fault === null ? [] : [`${name} ${fault}`];
    });
    assert.deepEqual(faults, []);
  });

  it('describe every header of every answer', () => {
    const all = operations.flatMap(([id, { responses }]) =>
      membersOf(responses).flatMap(([status, response]) =>
        membersOf(followed(document, response)['headers']).map(([name, header]): [string, Json] => [
          `${id} ${status} ${name}`,
          followed(document, header),
        ]),
      ),
    );
    assert.ok(all.length > 500);
    const faults = all.flatMap(([name, { description }]) => {
      const fault = faultOf(description);
      return fault === null ? [] : [`${name} ${fault}`];
    });
    assert.deepEqual(faults, []);
  });

  it('name the schema of every body, so that generators need not invent names', () => {
    const bodies = operations.flatMap(([id, { requestBody, responses }]) => [
      [`${id} request`, isObject(requestBody) ? requestBody : {}] as const,
      ...membersOf(responses).map(
        ([status, response]) => [`${id} ${status}`, followed(document, response)] as const,
      ),
    ]);
    const unnamed = bodies.flatMap(([name, { content }]) =>
      membersOf(content)
        .filter(([, media]) => !('$ref' in at(media, 'schema')))
        .map(([type]) => `${name} ${type}`),
    );
    assert.deepEqual(unnamed, []);
  });
});

describe('the words of the AsyncAPI document', () => {
  const document = JSON.parse(JSON.stringify(asyncApiDocument(VERSION))) as Json;

  it('describe every message and every property of it', () => {
    assert.ok(countOf(JSON.stringify(document), 'properties') > 40);
    assert.deepEqual([...undescribedSchemas(document)], []);
    const messages = membersOf(at(document, 'components', 'messages'));
    const without = messages.filter(([, { summary }]) => faultOf(summary) !== null);
    assert.deepEqual(
      without.map(([name]) => name),
      [],
    );
  });

  it('describe every channel, its parameters and the query of a connection', () => {
    const channels = membersOf(document['channels']);
    const parameters = channels.flatMap(([name, channel]) =>
      membersOf(channel['parameters']).map(([parameter, each]): [string, Json] => [
        `${name} ${parameter}`,
        each,
      ]),
    );
    const faults = [...channels, ...parameters].flatMap(([name, { description }]) => {
      const fault = faultOf(description);
      return fault === null ? [] : [`${name} ${fault}`];
    });
    assert.deepEqual(faults, []);
    const query = at(document, 'operations', 'openStream', 'bindings', 'http', 'query');
    assert.ok(membersOf(query['properties']).length > 5);
    assert.deepEqual([...undescribed(document, query, 'query')], []);
  });
});
