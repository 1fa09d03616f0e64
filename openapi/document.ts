import {
  extendZodWithOpenApi,
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { PROBLEMS, type ProblemSlug } from '../lib/problem.ts';
import type { Endpoint } from '../routes/endpoint.ts';

extendZodWithOpenApi(z);

type Responses = RouteConfig['responses'];

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z
      .array(
        z.object({ pointer: z.string().optional(), parameter: z.string().optional(), detail: z.string() }),
      )
      .optional(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

/** What any endpoint may answer, by what it is. */
function problemsOf(endpoint: Endpoint): ProblemSlug[] {
  return [
    ...(endpoint.problems ?? []),
    ...(endpoint.body === undefined
      ? []
      : (['malformed-json', 'payload-too-large', 'unsupported-media-type'] as const)),
    ...(endpoint.access === 'public' ? [] : (['unauthorized', 'token-expired', 'forbidden'] as const)),
    'internal-error',
    'unavailable',
  ];
}

/** Whether its answers have an entity tag. */
function isTagged({ method, status, produces = 'json' }: Endpoint): boolean {
  return method === 'get' && status === 200 && produces === 'json';
}

const tagHeaders = z.object({
  ETag: z.string().meta({ description: 'To be sent as `If-None-Match` the next time.' }),
});
const conditionHeaders = z.object({
  'If-None-Match': z
    .string()
    .optional()
    .meta({ description: 'The `ETag` of the answer that one has: 304 if it is as it was.' }),
});

function responsesOf(endpoint: Endpoint): Responses {
  const responses: Responses = {};
  const { response, examples } = endpoint;
  const content =
    response === null
      ? {}
      : endpoint.produces === 'stream'
        ? {
            content: {
              'text/event-stream': { schema: z.string() },
              'application/x-ndjson': { schema: z.string() },
            },
          }
        : {
            content: {
              [endpoint.produces === 'text' ? 'text/plain' : 'application/json']: {
                schema: response,
                ...(examples?.response === undefined ? {} : { example: examples.response }),
              },
            },
          };
  const headers = isTagged(endpoint) ? { headers: tagHeaders } : {};
  responses[endpoint.status] = { description: endpoint.summary, ...headers, ...content };
  if (isTagged(endpoint)) {
    responses[304] = { description: 'It is as it was: `If-None-Match` has its `ETag`.', ...headers };
  }
  for (const { status, description } of endpoint.otherStatuses ?? [])
    responses[status] = { description, ...content };
  const byStatus = new Map<number, string[]>();
  for (const slug of new Set(problemsOf(endpoint))) {
    const [status, title] = PROBLEMS[slug];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${slug}\`: ${title}`]);
  }
  for (const [status, titles] of byStatus) {
    responses[status] ??= {
      description: titles.join('; '),
      content: { 'application/problem+json': { schema: problemSchema } },
    };
  }
  return responses;
}

/** API keys have not the scope that looks after an account. */
function securityOf({ access }: Endpoint): ('bearer' | 'apiKey')[] {
  if (access === 'public') return [];
  return access === 'account' ? ['bearer'] : ['bearer', 'apiKey'];
}

/** The OpenAPI 3.1 document of the endpoints, made from the very schemas that validate their requests. */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  });
  for (const endpoint of endpoints) {
    registry.registerPath({
      method: endpoint.method,
      path: endpoint.path.replaceAll(/:(\w+)/g, '{$1}'),
      operationId: endpoint.id,
      tags: [endpoint.tag],
      summary: endpoint.summary,
      ...(endpoint.description === undefined ? {} : { description: endpoint.description }),
      security: securityOf(endpoint).map((name) => ({ [name]: [] })),
      request: {
        ...(endpoint.params === undefined ? {} : { params: endpoint.params as z.ZodObject }),
        ...(endpoint.query === undefined ? {} : { query: endpoint.query as z.ZodObject }),
        ...(isTagged(endpoint) ? { headers: conditionHeaders } : {}),
        ...(endpoint.body === undefined
          ? {}
          : {
              body: {
                required: true,
                content: {
                  'application/json': {
                    schema: endpoint.body,
                    ...(endpoint.examples?.request === undefined
                      ? {}
                      : { example: endpoint.examples.request }),
                  },
                },
              },
            }),
      },
      responses: responsesOf(endpoint),
    });
  }
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Marktide',
      version,
      description:
        'Market ticks and fills in; an exact ledger and live PnL out, over REST and event streams that resume.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: ['auth', 'users', 'portfolios', 'trades', 'transfers', 'pnl', 'market', 'streams', 'service'].map(
      (name) => ({ name }),
    ),
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
