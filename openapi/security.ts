import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { ACCESS_COOKIE, CSRF_COOKIE, CSRF_HEADER } from '../routes/auth/cookies.ts';
import { API_KEY_HEADER } from '../routes/auth/api-key-caller.ts';
import type { Endpoint } from '../routes/http/endpoint.ts';

/** The credentials that requests can be made with. */
export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `accessToken` of `POST /v1/auth/login`. `POST /v1/auth/refresh` renews it.',
  },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: API_KEY_HEADER,
    description: 'For programs: created by `POST /v1/api-keys`, with its own scopes.',
  },
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: ACCESS_COOKIE,
    description:
      'For pages of this origin: set by `POST /v1/auth/login`. To change something it needs `csrf`.',
  },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: CSRF_HEADER,
    description: `Along with \`cookie\`: the value of the cookie \`${CSRF_COOKIE}\`.`,
  },
  streamToken: {
    type: 'apiKey',
    in: 'query',
    name: 'token',
    description:
      'For clients that cannot send headers: created by `POST /v1/auth/stream-token`; opens streams.',
  },
} as const satisfies Record<string, Parameters<OpenAPIRegistry['registerComponent']>[2]>;

type Requirement = Partial<Record<keyof typeof SECURITY_SCHEMES, string[]>>;

/** The credentials that an endpoint takes, with the scope that each needs; none for a public one. */
export function securityOf({
  access,
  credential,
  method,
  streamToken,
}: Endpoint): Record<string, string[]>[] {
  if (access === 'public') return [];
  const scope = [access];
  const ways: Requirement[] = [{ bearer: scope }];
  if (credential !== 'person') ways.push({ apiKey: scope });
  ways.push(method === 'get' ? { cookie: scope } : { cookie: scope, csrf: scope });
  if (streamToken === true) ways.push({ streamToken: scope });
  return ways;
}
