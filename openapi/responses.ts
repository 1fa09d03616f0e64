import type { OpenAPIRegistry, ResponseConfig, RouteConfig } from '@asteasolutions/zod-to-openapi';
import { Problem, PROBLEMS, type ProblemSlug } from '../lib/problem.ts';
import type { Endpoint } from '../routes/http/endpoint.ts';
import { streamEvent, streamLine } from '../routes/streams/stream-events.ts';
import { csvFile } from './csv-files.ts';
import { type Examples, readExamples } from './examples.ts';

type Responses = RouteConfig['responses'];
type Content = NonNullable<ResponseConfig['content']>;
interface Ref {
  $ref: string;
}

const REQUEST_ID = '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80';

/** The parts of responses, registered once and referred to. */
export class ResponseDocs {
  readonly #registry: OpenAPIRegistry;
  readonly #examples: Examples = readExamples();
  readonly #headers: Record<string, Ref>;
  readonly #problems = new Map<string, Ref>();

  constructor(registry: OpenAPIRegistry) {
    this.#registry = registry;
    const header = (name: string, description: string, schema: object, required = false): Ref =>
      registry.registerComponent('headers', name, { description, required, schema }).ref;
    this.#headers = {
      'X-Request-Id': header(
        'RequestId',
        'The `X-Request-Id` of the request, or a generated one; it is also in the log.',
        { type: 'string', pattern: '^[A-Za-z0-9._-]{8,64}$', example: REQUEST_ID },
        true,
      ),
      ETag: header(
        'EntityTag',
        'Send it as `If-None-Match` with the next request.',
        { type: 'string', example: 'W/"Vt0pJm0Cq3m0bq9q3n9wT4"' },
        true,
      ),
      'WWW-Authenticate': header(
        'Authenticate',
        'Which credential is needed, and what is wrong with the one that was sent.',
        { type: 'string', example: 'Bearer realm="marktide", error="invalid_token"' },
      ),
      'RateLimit-Policy': header(
        'RateLimitPolicy',
        'The limits that the request counted against: `q` requests in `w` seconds.',
        { type: 'string', example: '"address";q=6000;w=60, "user";q=3000;w=60' },
      ),
      RateLimit: header(
        'RateLimit',
        'What remains of these limits: `r` requests until the window ends in `t` seconds.',
        { type: 'string', example: '"address";r=5990;t=41, "user";r=2999;t=60' },
      ),
      'X-Cache': header(
        'Cache',
        'Where the answer comes from. `hit`: the cache; nothing has changed since. `miss`: computed for this request. `stale`: the cache; prices (never the ledger) have changed since.',
        { type: 'string', enum: ['hit', 'miss', 'stale'] },
        true,
      ),
      'Retry-After': header('RetryAfter', 'Seconds to wait before trying again.', {
        type: 'integer',
        minimum: 0,
        example: 5,
      }),
    };
  }

  /** Everything that an endpoint can answer, by status. */
  of(endpoint: Endpoint): Responses {
    const responses: Record<string, Responses[string] | Ref> = {};
    const content = contentOf(endpoint, this.#examples[endpoint.id]);
    const limits = endpoint.limit === 'none' ? [] : ['RateLimit-Policy', 'RateLimit'];
    const headers = this.#some(
      'X-Request-Id',
      ...limits,
      ...(isTagged(endpoint) ? ['ETag'] : []),
      ...(endpoint.cache === undefined ? [] : ['X-Cache']),
    );
    if (isTagged(endpoint)) {
      responses[304] = { description: 'Not changed: `If-None-Match` has its `ETag`.', headers };
    }
    responses[endpoint.status] = { description: endpoint.summary, headers, ...content };
    for (const { status, description } of endpoint.otherStatuses ?? [])
      responses[status] = { description, headers: this.#some('X-Request-Id', ...limits), ...content };
    for (const [status, slugs] of byStatus(problemsOf(endpoint)))
      responses[status] ??= this.#problem(status, slugs);
    return responses as Responses;
  }

  #some(...names: string[]): Record<string, never> {
    return Object.fromEntries(names.map((name) => [name, this.#headers[name]])) as Record<string, never>;
  }

  #problem(status: number, slugs: readonly ProblemSlug[]): Ref {
    const name = slugs.map(pascal).join('Or');
    let ref = this.#problems.get(name);
    if (ref === undefined) {
      const examples = slugs.map((slug) => [
        slug,
        { summary: PROBLEMS[slug][1], value: new Problem(slug).toBody(REQUEST_ID) },
      ]);
      const more =
        {
          401: ['WWW-Authenticate'],
          429: ['RateLimit-Policy', 'RateLimit', 'Retry-After'],
          503: ['Retry-After'],
        }[status] ?? [];
      ({ ref } = this.#registry.registerComponent('responses', name, {
        description: slugs.map((slug) => `\`${slug}\`: ${PROBLEMS[slug][1]}`).join(' '),
        headers: this.#some('X-Request-Id', ...more),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(examples),
          },
        },
      }));
      this.#problems.set(name, ref);
    }
    return ref;
  }
}

/** Whether the answers of an endpoint have an entity tag. */
export function isTagged({ method, status, produces = 'json' }: Endpoint): boolean {
  return method === 'get' && status === 200 && (produces === 'json' || produces === 'csv');
}

/** The problems that an endpoint can answer with: its own, and those that follow from its kind. */
function problemsOf(endpoint: Endpoint): ProblemSlug[] {
  return [
    ...(endpoint.problems ?? []),
    // Unknown query parameters are refused everywhere except at health checks.
    ...(endpoint.query !== undefined || endpoint.tag !== 'service' ? (['invalid-request'] as const) : []),
    ...(endpoint.params === undefined ? [] : (['not-found'] as const)),
    ...(endpoint.body === undefined ? [] : (['malformed-json'] as const)),
    ...(endpoint.consumes === 'csv' || endpoint.readCsv !== undefined ? (['malformed-csv'] as const) : []),
    ...(endpoint.body === undefined && endpoint.consumes !== 'csv'
      ? []
      : (['request-timeout', 'payload-too-large', 'unsupported-media-type'] as const)),
    ...(endpoint.access === 'public' ? [] : (['unauthorized', 'token-expired', 'forbidden'] as const)),
    ...(endpoint.limit === 'none' ? [] : (['misdirected-request', 'rate-limited'] as const)),
    'uri-too-long',
    'headers-too-large',
    'internal-error',
    'unavailable',
  ];
}

function byStatus(slugs: readonly ProblemSlug[]): Map<number, ProblemSlug[]> {
  const sorted = new Map<number, ProblemSlug[]>();
  // In the order of the table: equal sets of problems are one response.
  for (const slug of Object.keys(PROBLEMS) as ProblemSlug[]) {
    const [status] = PROBLEMS[slug];
    if (slugs.includes(slug)) sorted.set(status, [...(sorted.get(status) ?? []), slug]);
  }
  return sorted;
}

function pascal(slug: string): string {
  return slug.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const MEDIA_TYPES = { json: 'application/json', text: 'text/plain', csv: 'text/csv' } as const;

/** @param recorded an answer of a running server, used if none is declared */
function contentOf({ response, produces, examples }: Endpoint, recorded: unknown): { content?: Content } {
  if (response === null) return {};
  if (produces === 'stream') {
    // 3.1 has no word for the schema of one event of many; that of the whole would say no more than "text".
    return {
      content: {
        'text/event-stream': { schema: streamEvent },
        'application/x-ndjson': { schema: streamLine },
      },
    };
  }
  const given = examples?.response ?? recorded;
  const example = given === undefined ? {} : { example: given };
  const schema = produces === 'csv' ? csvFile : response;
  return { content: { [MEDIA_TYPES[produces ?? 'json']]: { schema, ...example } } };
}
