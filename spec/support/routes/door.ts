import assert from 'node:assert/strict';
import { newId } from '../../../lib/id.ts';
import { systemClock } from '../../../lib/clock.ts';
import { API } from '../../../openapi/documents.ts';
import type { Endpoint } from '../../../routes/http/endpoint.ts';
import type { Answer, TestApp } from '../app.ts';

/** Every endpoint that asks for a credential. */
export const CLOSED = API.filter(({ access }) => access !== 'public');
/** Of nothing. */
export const NO_ID = newId(systemClock);

/** Without limits: a table asks for more than anybody may. */
export const UNLIMITED = {
  RATE_LIMIT_ADDRESS: '0',
  RATE_LIMIT_USER: '0',
  RATE_LIMIT_API_KEY: '0',
  RATE_LIMIT_LOGIN: '0',
};

export function nameOf({ method, path }: Endpoint): string {
  return `${method.toUpperCase()} ${path}`;
}

/** A path of the endpoint, with ids that nothing has unless they are given. */
export function pathOf({ path }: Endpoint, ids: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => ids[name] ?? NO_ID);
}

/**
 * Asks for what is not there, with a body that is none: who is let in gets a refusal of that, and changes nothing. Only
 * the head of the answer is read: a stream that should not have opened must not hold the test up.
 */
export async function knock(
  app: TestApp,
  endpoint: Endpoint,
  headers: Record<string, string>,
  query = '',
): Promise<Answer> {
  const abort = new AbortController();
  const response = await fetch(app.url + pathOf(endpoint) + query, {
    method: endpoint.method.toUpperCase(),
    headers,
    signal: abort.signal,
    ...(endpoint.body === undefined ? {} : { body: '{' }),
  });
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  const body: unknown = isProblem ? await response.json() : '';
  if (!isProblem) abort.abort();
  return { status: response.status, headers: response.headers, body };
}

/** Whatever was said to the nonsense that was asked: it was not said at the door. */
export function assertLetIn(answer: Answer, endpoint: Endpoint): void {
  const about = `${nameOf(endpoint)} → ${answer.status} ${JSON.stringify(answer.body)}`;
  assert.ok(![401, 403, 429].includes(answer.status) && answer.status < 500, about);
}
