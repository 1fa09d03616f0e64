import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openApiDocument } from '../../openapi/document.ts';
import { PACKAGE_ROOT, VERSION } from '../../lib/process/package-info.ts';
import { PROBLEMS } from '../../lib/problem.ts';
import { API } from '../../openapi/documents.ts';
import { readExamples } from '../../openapi/examples.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { schemaChecker, type Schema } from '../support/json-schema.ts';

interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema: Schema; description?: string }[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Response | { $ref: string }>;
}

interface Response {
  description: string;
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, Media>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string; license: object };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, Response>;
    headers: Record<string, { description: string; required: boolean; schema: Schema }>;
    securitySchemes: Record<string, Schema>;
  };
}

const document: Document = JSON.parse(JSON.stringify(openApiDocument(API, VERSION)));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

const check = schemaChecker(document);

/** The responses of an operation; those of several operations stand among the components. */
function responsesOf({ responses }: Operation): [string, Response][] {
  return Object.entries(responses).map(([status, response]) => {
    if (!('$ref' in response)) return [status, response];
    const found = document.components.responses[response.$ref.replace('#/components/responses/', '')];
    if (found === undefined) throw new Error(`${response.$ref} leads nowhere`);
    return [status, found];
  });
}

/** Every schema there is, with those inside of it. */
function* schemasOf(schema: Schema, at: string): Generator<[string, Schema]> {
  yield [at, schema];
  for (const [keyword, value] of Object.entries(schema)) {
    if (['example', 'examples', 'default', 'enum', 'const'].includes(keyword)) continue;
    const inner = keyword === 'properties' ? Object.entries(value as Record<string, Schema>) : [];
    if (['items', 'additionalProperties', 'propertyNames'].includes(keyword) && typeof value === 'object') {
      inner.push([keyword, value as Schema]);
    }
    if (['anyOf', 'oneOf', 'allOf', 'prefixItems'].includes(keyword)) {
      inner.push(
        ...(value as Schema[]).map((each, index): [string, Schema] => [`${keyword}/${index}`, each]),
      );
    }
    for (const [name, each] of inner) yield* schemasOf(each, `${at}/${name}`);
  }
}

function rootSchemas(): [string, Schema][] {
  const roots: [string, Schema][] = Object.entries(document.components.schemas);
  for (const { path, method, operation } of operations) {
    const at = `${method} ${path}`;
    for (const parameter of operation.parameters ?? [])
      roots.push([`${at} ${parameter.name}`, parameter.schema]);
    for (const [status, { content }] of [
      ['body', { content: operation.requestBody?.content }] as const,
      ...responsesOf(operation),
    ]) {
      for (const [type, media] of Object.entries(content ?? {})) {
        roots.push([`${at} ${status} ${type}`, media.schema]);
      }
    }
  }
  return roots;
}

function allSchemas(): [string, Schema][] {
  return rootSchemas().flatMap(([at, schema]) => [...schemasOf(schema, at)]);
}

/** Beside the request id, by status. */
const LIMITS = ['RateLimit', 'RateLimit-Policy'];
const HEADERS: Record<string, string[]> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After', ...LIMITS],
  503: ['Retry-After'],
};

describe('the OpenAPI document', () => {
  it('is of version 3.1 and says what it is about', () => {
    assert.match(document.openapi, /^3\.1\.\d$/);
    assert.equal(document.info.version, VERSION);
    assert.ok(document.info.title.length > 0);
    assert.deepEqual(document.servers, [{ url: '/' }]);
  });

  it('has every endpoint, and no other', () => {
    assert.deepEqual(
      operations.map(({ path, method, operation }) => `${operation.operationId} ${method} ${path}`).sort(),
      API.map(({ id, method, path }) => `${id} ${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`).sort(),
    );
  });

  it('is sound: parameters, tags, security, responses', () => {
    const tags = new Set(document.tags.map(({ name }) => name));
    for (const { path, method, operation } of operations) {
      const at = `${method} ${path}`;
      assert.ok(path.startsWith('/'), at);
      assert.ok(operation.summary.length > 0, at);
      for (const tag of operation.tags) assert.ok(tags.has(tag), `${at}: ${tag}`);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      assert.deepEqual(declared.map(({ name }) => name).sort(), inPath.sort(), at);
      for (const { required } of declared) assert.equal(required, true, at);
      const names = (operation.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`);
      assert.equal(new Set(names).size, names.length, at);
      const { access, cache, limit } = API.find(({ id }) => id === operation.operationId) ?? {};
      assert.equal(operation.security.length === 0, access === 'public', at);
      for (const name of operation.security.flatMap(Object.keys)) {
        assert.ok(name in document.components.securitySchemes, `${at}: ${name}`);
      }
      const responses = new Map(responsesOf(operation));
      for (const [status, response] of responses) {
        assert.match(status, /^[1-5]\d\d$/, at);
        assert.ok(response.description.length > 0, `${at} ${status}`);
        const isProblem = 'application/problem+json' in (response.content ?? {});
        const headers = Object.entries(response.headers ?? {});
        const given = Object.keys(responses.get('200')?.content ?? {});
        const isRead = method === 'get' && (given.includes('application/json') || given.includes('text/csv'));
        const tag = isRead && ['200', '304'].includes(status) ? ['ETag'] : [];
        const counted = isProblem || limit === 'none' ? [] : LIMITS;
        const kept = isRead && cache !== undefined && ['200', '304'].includes(status) ? ['X-Cache'] : [];
        const expected = [
          'X-Request-Id',
          ...counted,
          ...tag,
          ...kept,
          ...((isProblem && HEADERS[status]) || []),
        ];
        assert.deepEqual(new Set(headers.map(([name]) => name)), new Set(expected), `${at} ${status}`);
        for (const [, { $ref }] of headers) {
          assert.ok($ref.replace('#/components/headers/', '') in document.components.headers, $ref);
        }
        const types = Object.keys(response.content ?? {});
        if (Number(status) >= 400 && !(path === '/readyz' && status === '503')) {
          assert.deepEqual(types, ['application/problem+json'], `${at} ${status}`);
        }
      }
      if (access !== 'public') assert.ok('401' in operation.responses && '403' in operation.responses, at);
      if (operation.requestBody !== undefined) {
        for (const status of ['400', '413', '415'])
          assert.ok(status in operation.responses, `${at} ${status}`);
      }
    }
  });

  it('says by which credentials, with which scope, each operation can be reached', () => {
    const waysInto = (id: string): string[] => {
      const { operation } = operations.find((each) => each.operation.operationId === id) ?? {};
      return (operation?.security ?? []).map((way) =>
        Object.entries(way)
          .map(([name, scopes]) => `${name} ${scopes.join(' ')}`)
          .join(' + '),
      );
    };
    assert.deepEqual(waysInto('login'), []);
    assert.deepEqual(waysInto('getPnl'), ['bearer read', 'apiKey read', 'cookie read']);
    assert.deepEqual(waysInto('bookTrades'), [
      'bearer trades:write',
      'apiKey trades:write',
      'cookie trades:write + csrf trades:write',
    ]);
    assert.deepEqual(waysInto('createApiKey'), ['bearer account', 'cookie account + csrf account']);
    assert.deepEqual(waysInto('openStream'), [
      'bearer read',
      'apiKey read',
      'cookie read',
      'streamToken read',
    ]);
  });

  it('has schemas that can be followed and understood throughout', () => {
    const all = allSchemas();
    assert.ok(all.length > 300);
    for (const [at, schema] of all) {
      const isOpen = at.endsWith('/additionalProperties');
      assert.ok(isOpen || Object.keys(schema).length > 0, `${at} says nothing`);
    }
    // Throws for what is unknown, however deep; what it finds of this value does not matter.
    for (const [at, schema] of rootSchemas()) assert.doesNotThrow(() => check(schema, undefined), at);
  });

  it('gives examples that fit', () => {
    let examples = 0;
    for (const [at, schema] of allSchemas()) {
      for (const value of [schema['example'], schema['default']]) {
        if (value === undefined) continue;
        examples += 1;
        assert.deepEqual(check(schema, value), [], at);
      }
    }
    for (const { path, method, operation } of operations) {
      const { examples: given, body, consumes } = API.find(({ id }) => id === operation.operationId) ?? {};
      for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
        const isFile = given?.csv !== undefined && type !== 'application/json';
        assert.deepEqual(media.example, isFile ? given.csv : given?.request, `${method} ${path}`);
        if (media.example === undefined) continue;
        examples += 1;
        assert.deepEqual(check(media.schema, media.example), [], `${method} ${path}`);
        // CSV is read as it arrives, and has no schema of ours.
        if (!isFile)
          assert.ok(body?.safeParse(media.example).success ?? consumes === 'csv', `${method} ${path}`);
      }
      for (const [status, { content }] of responsesOf(operation)) {
        for (const { schema, example, examples: named = {} } of Object.values(content ?? {})) {
          const values = [example, ...Object.values(named).map(({ value }) => value)];
          for (const value of values.filter((each) => each !== undefined)) {
            examples += 1;
            assert.deepEqual(check(schema, value), [], `${method} ${path} ${status}`);
          }
        }
      }
    }
    assert.ok(examples > 100);
  });

  it('shows how to make each thing that is made with a body', () => {
    const without = API.filter(
      ({ method, body, examples }) =>
        method === 'post' && body !== undefined && examples?.request === undefined,
    );
    assert.deepEqual(
      without.map(({ id }) => id),
      [],
    );
  });

  it('shows what each operation answers', () => {
    const without = operations.flatMap(({ path, operation }) => {
      const { produces } = API.find(({ id }) => id === operation.operationId) ?? {};
      const media = responsesOf(operation)
        .filter(([status]) => status.startsWith('2'))
        .flatMap(([, { content }]) => Object.values(content ?? {}));
      const isShown = media.every(({ example }) => example !== undefined);
      return isShown || produces === 'stream' || path.endsWith('api.json') ? [] : [operation.operationId];
    });
    assert.deepEqual(without, [], 'run: npm run generate');
    const ids = new Set(API.map(({ id }) => id));
    assert.deepEqual(
      Object.keys(readExamples()).filter((id) => !ids.has(id)),
      [],
    );
  });

  it('stands in openapi/openapi.json as it is now', async () => {
    const path = join(PACKAGE_ROOT, 'openapi', 'openapi.json');
    const kept: unknown = JSON.parse(await readFile(path, 'utf8'));
    assert.deepEqual(kept, document, 'run: npm run generate');
  });

  describe('of the running program', () => {
    let app: TestApp;

    before(async () => {
      app = await startApp();
    });
    after(() => app.close());

    it('is what /openapi.json answers', async () => {
      const answer = await app.call('GET', '/openapi.json');
      assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.deepEqual(answer.body, document);
    });

    it('names problem types that lead somewhere', async () => {
      for (const [slug, [status, title]] of Object.entries(PROBLEMS)) {
        const { body } = await app.call('GET', `/problems/${slug}`);
        assert.deepEqual(body, { type: `/problems/${slug}`, status, title });
      }
    });
  });
});
