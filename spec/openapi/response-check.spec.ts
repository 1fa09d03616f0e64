import assert from 'node:assert/strict';
import { checkAnswer, checkEvent } from '../support/response-check.ts';

const PORTFOLIO = '/v1/portfolios/0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80';

describe('the check of answers against the OpenAPI document', () => {
  const headers = { 'x-request-id': '0198c5a0-7b1c', etag: 'W/"x"', 'content-type': 'application/json' };
  const list = { items: [], nextCursor: null };
  const problem = { type: '/problems/not-found', title: 'Nothing', status: 404, requestId: 'x' };
  const asProblem = { 'content-type': 'application/problem+json' };

  function check(
    request: string,
    { status = 200, body = list as unknown, more = {} as Record<string, string>, without = 'x-none' } = {},
  ): void {
    const [method = '', path = ''] = request.split(' ');
    const all = new Headers({ ...headers, ...more });
    all.delete(without);
    checkAnswer(method, path, { status, headers: all, body });
  }

  it('takes what the document tells of', () => {
    check('GET /v1/portfolios?limit=1');
    check('GET /v1/portfolios', { status: 304, body: '', without: 'content-type' });
    check('HEAD /v1/portfolios', { body: '' });
    check(`GET ${PORTFOLIO}`, { status: 404, body: problem, more: asProblem });
    check('GET /v1/nothing', { status: 404, body: problem, more: asProblem });
    check('PUT /v1/portfolios', { status: 405, body: problem, more: asProblem });
    check('OPTIONS /v1/portfolios', { status: 204, body: '' });
    check('GET /favicon.svg', { body: 'export {}' });
  });

  it('refuses a path, a method, a status or a type of content that it does not tell of', () => {
    assert.throws(() => check('GET /v1/nothing'), /there is no such path/);
    assert.throws(() => check('PUT /v1/portfolios'), /there is no such method/);
    assert.throws(() => check('GET /v1/portfolios', { status: 418 }), /there is no status 418/);
    const more = { 'content-type': 'text/plain' };
    assert.throws(() => check('GET /v1/portfolios', { more }), /no content of type text\/plain/);
    assert.throws(() => check('GET /v1/portfolios', { status: 304 }), /there should be no body/);
    assert.throws(() => check('HEAD /v1/portfolios'), /there should be no body/);
  });

  it('refuses a body that does not fit, and names what is wrong with it', () => {
    const body = { items: [], nextCursor: 1 };
    assert.throws(() => check('GET /v1/portfolios', { body }), /\/nextCursor must be string/);
    assert.throws(
      () => check(`GET ${PORTFOLIO}`, { status: 404, body: { ...problem, type: '/x' }, more: asProblem }),
      /\/type must be equal to one of the allowed values/,
    );
  });

  it('refuses an answer without a header that it should have', () => {
    assert.throws(() => check('GET /v1/portfolios', { without: 'x-request-id' }), /X-Request-Id is missing/);
    assert.throws(() => check('GET /v1/portfolios', { without: 'etag' }), /ETag is missing/);
  });

  it('goes by a name in a path before a parameter there', () => {
    // As an id, `sessions` could not be answered with a list.
    check('GET /v1/streams/sessions', { body: { ...list, silentNodes: 0 } });
    assert.throws(() => check('GET /v1/streams/sessions', { body: {} }), /required property 'items'/);
  });

  it('takes and refuses events of streams', () => {
    checkEvent({ event: 'ready', id: null, data: { channels: ['ticker:*'] } });
    assert.throws(() => checkEvent({ event: 'surprise', id: null, data: {} }), /there is no such event/);
    assert.throws(
      () => checkEvent({ event: 'reset', id: null, data: { reason: 'whim', channels: [] } }),
      /\/data\/reason must be equal/,
    );
  });
});
