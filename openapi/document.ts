import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CSV_MEDIA_TYPES } from '../routes/http/csv-body.ts';
import { BATCH_PARTS } from '../routes/http/batch.ts';
import { BODY_LIMIT_KB, type Endpoint } from '../routes/http/endpoint.ts';
import { ABOUT, TAGS } from './about.ts';
import { figureFile, tradeFile } from './csv-files.ts';
import { problemSchema } from '../routes/http/problem-body.ts';
import { MAX_LAST_EVENT_ID } from '../streams/core/cursor.ts';
import { isTagged, ResponseDocs } from './responses.ts';
import { SECURITY_SCHEMES, securityOf } from './security.ts';

/** What a stream can be resumed by, besides its query. */
const streamHeaders = z.object({
  'Last-Event-ID': z.string().max(MAX_LAST_EVENT_ID).optional().meta({
    description: 'The last `id` received: the stream begins with the events since then.',
  }),
});

const conditionHeaders = z.object({
  'If-None-Match': z
    .string()
    .optional()
    .meta({ description: 'The `ETag` of the answer you have: the answer is 304 if it has not changed.' }),
});

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>;

function sizeOf({ consumes, batch, bodyLimitKb = BODY_LIMIT_KB }: Endpoint): string {
  if (consumes === 'csv') return 'At most `IMPORT_LIMIT_MB`, 64 MiB by default.';
  if (batch === undefined) return `At most ${bodyLimitKb} KiB.`;
  return `At most \`BODY_LIMIT_KB\`, 1,024 KiB by default, and ${BATCH_PARTS} keys and values.`;
}

function bodyOf(endpoint: Endpoint): { body?: Body } {
  const { consumes, body, examples } = endpoint;
  const example = examples?.request === undefined ? {} : { example: examples.request };
  const types = consumes === 'csv' ? CSV_MEDIA_TYPES : ['application/json'];
  const schema = consumes === 'csv' ? tradeFile : body;
  if (schema === undefined) return {};
  const content: Body['content'] = Object.fromEntries(types.map((type) => [type, { schema, ...example }]));
  if (endpoint.readCsv !== undefined)
    for (const type of CSV_MEDIA_TYPES)
      content[type] = {
        schema: figureFile,
        ...(examples?.csv === undefined ? {} : { example: examples.csv }),
      };
  return { body: { description: sizeOf(endpoint), required: true, content } };
}

function requestOf(endpoint: Endpoint): RouteConfig['request'] {
  const { params, query } = endpoint;
  return {
    ...(endpoint.streamToken === true ? { headers: streamHeaders } : {}),
    ...(isTagged(endpoint) ? { headers: conditionHeaders } : {}),
    ...(params === undefined ? {} : { params: params as z.ZodObject }),
    ...(query === undefined ? {} : { query: query as z.ZodObject }),
    ...bodyOf(endpoint),
  };
}

/** The OpenAPI 3.1 document of the endpoints, made from the very schemas that validate their requests. */
export function openApiDocument(
  endpoints: readonly Endpoint[],
  version: string,
  basePath = '',
): { openapi: string } {
  const registry = new OpenAPIRegistry();
  for (const [name, scheme] of Object.entries(SECURITY_SCHEMES))
    registry.registerComponent('securitySchemes', name, scheme);
  const responses = new ResponseDocs(registry);
  for (const endpoint of endpoints) {
    registry.registerPath({
      method: endpoint.method,
      path: endpoint.path.replaceAll(/:(\w+)/g, '{$1}'),
      operationId: endpoint.id,
      tags: [endpoint.tag],
      summary: endpoint.summary,
      ...(endpoint.description === undefined ? {} : { description: endpoint.description }),
      security: securityOf(endpoint),
      request: requestOf(endpoint),
      responses: responses.of(endpoint),
    });
  }
  const document = new OpenApiGeneratorV31([
    { type: 'schema', schema: problemSchema },
    ...registry.definitions,
  ]).generateDocument({
    openapi: '3.1.0',
    info: { ...ABOUT, version },
    servers: [{ url: basePath || '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
  closeTuples(document);
  return document;
}

/** The generator names the places of a tuple, but would let it be shorter or longer. */
function closeTuples(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  if ('prefixItems' in part && Array.isArray(part.prefixItems)) {
    const { length } = part.prefixItems;
    Object.assign(part, { minItems: length, maxItems: length });
  }
  for (const each of Object.values(part)) closeTuples(each);
}
