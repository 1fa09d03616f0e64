import assert from 'node:assert/strict';
import type { Answer } from '../app.ts';

/** Asserts that the answer is the problem: its status, its type, RFC 9457 throughout. */
export function assertProblem(answer: Answer, status: number, slug: string, what = ''): void {
  const about = `${what} → ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;
  assert.equal(answer.status, status, about);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json', about);
  assert.equal(answer.body.type, `/problems/${slug}`, about);
  assert.equal(answer.body.status, status, about);
  assert.ok(answer.body.title.length > 0, about);
  assert.equal(answer.body.requestId, answer.headers.get('x-request-id'), about);
  assert.equal(answer.headers.get('cache-control'), 'no-store', about);
  if (status === 401) assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm=/, about);
}

/** Asserts that a problem names exactly these fields: JSON pointers, or parameters without a slash. */
export function assertNames(answer: Answer, fields: readonly string[], what = ''): void {
  const named = (answer.body.errors as { pointer?: string; parameter?: string; detail: string }[]).map(
    ({ pointer, parameter, detail }) => {
      assert.ok(detail.length > 0, what);
      return pointer ?? parameter;
    },
  );
  assert.deepEqual(named, fields, `${what}: ${JSON.stringify(answer.body)}`);
}
