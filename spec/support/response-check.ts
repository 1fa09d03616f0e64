import { asyncApiDocument } from '../../openapi/asyncapi.ts';
import { openApiDocument } from '../../openapi/document.ts';
import { API } from '../../openapi/documents.ts';
import { VERSION } from '../../lib/process/package-info.ts';
import { schemaChecker, type Schema } from './json-schema.ts';

interface Header {
  required: boolean;
  schema: Schema;
}

interface Response {
  headers?: Record<string, Header>;
  content?: Record<string, { schema: Schema }>;
}

type Operations = Record<string, { responses: Record<string, Response> }>;

interface Answer {
  status: number;
  headers: Headers;
  /** Parsed, if it is JSON. */
  body: unknown;
}

const PROBLEM: Response = {
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

interface Document {
  paths: Record<string, Operations>;
  components: { schemas: Record<string, Schema> } & Record<string, Record<string, unknown>>;
}

/** The document with its references to responses and headers followed; those to schemas are left to the validator. */
function followed(document: Document): Document {
  const found = new Map<string, unknown>();
  function follow(part: unknown): unknown {
    if (Array.isArray(part)) return part.map(follow);
    if (typeof part !== 'object' || part === null) return part;
    const [ref, kind = '', name = ''] =
      '$ref' in part ? (/^#\/components\/(responses|headers)\/(.+)$/.exec(String(part.$ref)) ?? []) : [];
    if (ref === undefined)
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, follow(value)]));
    if (!found.has(ref)) found.set(ref, follow(document.components[kind]?.[name]));
    return found.get(ref);
  }
  return follow(document) as Document;
}

function load() {
  const document = followed(JSON.parse(JSON.stringify(openApiDocument(API, VERSION))) as Document);
  // A name in a path goes before a parameter there.
  const paths = Object.entries(document.paths)
    .map(([path, operations]) => ({
      path,
      operations,
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      parameters: path.split('{').length,
    }))
    .sort((a, b) => a.parameters - b.parameters);
  return { paths, check: schemaChecker(document) };
}

let loaded: ReturnType<typeof load> | undefined;

/** Schemas of the messages of the AsyncAPI document, by the name that they carry. */
function loadMessages() {
  const { components } = JSON.parse(JSON.stringify(asyncApiDocument(VERSION))) as {
    components: {
      messages: Record<string, { name: string; payload: Schema }>;
      schemas: Record<string, Schema>;
    };
  };
  const schemas = Object.values(components.messages).map(({ name, payload }) => [name, payload] as const);
  return { schemas: new Map(schemas), check: schemaChecker({ components }) };
}

let messages: ReturnType<typeof loadMessages> | undefined;

/** What the document says of such an answer; `null` for what is no part of the API. */
function told(
  { paths }: ReturnType<typeof load>,
  request: { method: string; path: string },
  status: number,
): Response | null {
  // As it was sent: a URL would have its dots resolved.
  const [pathname = ''] = request.path.split(/[?#]/);
  const found = paths.find(({ pattern }) => pattern.test(pathname));
  if (request.method === 'OPTIONS' && status === 204) return {};
  if (found === undefined) {
    if (status >= 400) return PROBLEM;
    if (pathname.startsWith('/v1/')) throw new Error('there is no such path');
    return null;
  }
  const operation = found.operations[request.method === 'HEAD' ? 'get' : request.method.toLowerCase()];
  if (operation === undefined) {
    if (status !== 405) throw new Error('there is no such method');
    return PROBLEM;
  }
  const response = operation.responses[String(status)];
  if (response === undefined) throw new Error(`there is no status ${status}`);
  return response;
}

function findings(request: { method: string; path: string }, answer: Answer): string[] {
  loaded ??= load();
  const { check } = loaded;
  const response = told(loaded, request, answer.status);
  if (response === null) return [];
  const errors: string[] = [];
  for (const [name, { required, schema }] of Object.entries(response.headers ?? {})) {
    const value = answer.headers.get(name);
    if (value === null) {
      if (required) errors.push(`the header ${name} is missing`);
      continue;
    }
    const typed = schema['type'] === 'integer' ? Number(value) : value;
    errors.push(...check(schema, typed).map((error) => `header ${name}: ${error}`));
  }
  if (request.method === 'HEAD' || response.content === undefined) {
    return answer.body === '' ? errors : [...errors, 'there should be no body'];
  }
  const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
  const media = response.content[type];
  if (media === undefined) return [...errors, `there is no content of type ${type || 'none'}`];
  if (type === 'text/event-stream' || type === 'application/x-ndjson') return errors;
  return [...errors, ...check(media.schema, answer.body)];
}

/** @throws when the OpenAPI document does not tell of such an answer */
export function checkAnswer(method: string, path: string, answer: Answer): void {
  let errors: string[];
  try {
    errors = findings({ method: method.toUpperCase(), path }, answer);
  } catch (error) {
    errors = [error instanceof Error ? error.message : String(error)];
  }
  if (errors.length === 0) return;
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  throw new Error(
    `${method} ${path} → ${answer.status} is not what openapi/document.ts tells:\n  ${errors.slice(0, 10).join('\n  ')}\n  ${body.slice(0, 500)}`,
  );
}

/** @throws when the AsyncAPI document does not tell of such an event, be it on a stream or a WebSocket */
export function checkEvent({ event, id, data }: { event: string; id: string | null; data: unknown }): void {
  messages ??= loadMessages();
  const schema = messages.schemas.get(event);
  const body = { event, ...(id === null ? {} : { id }), ...(data === undefined ? {} : { data }) };
  const errors = schema === undefined ? ['there is no such event'] : messages.check(schema, body);
  if (errors.length === 0) return;
  throw new Error(
    `an event is not what openapi/asyncapi.ts tells:\n  ${errors.slice(0, 10).join('\n  ')}\n  ${JSON.stringify(body).slice(0, 500)}`,
  );
}
