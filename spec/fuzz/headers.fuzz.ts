import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { watch } from '../support/log-watch.ts';
import { bareExchange } from './bare-exchange.ts';
import { headerLines } from './header-values.ts';
import { startTarget, type Target } from './target.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2_000);

/** One of each kind, by how a request is read and answered. `:id` is a portfolio of the caller. */
const TARGETS = [
  'GET /healthz',
  'GET /',
  'GET /favicon.svg',
  'GET /docs',
  'GET /openapi.json',
  'GET /v1/auth/me',
  'HEAD /v1/portfolios',
  'GET /v1/portfolios/:id/holdings',
  'GET /v1/portfolios/:id/trades.csv',
  'GET /v1/market/tickers',
  'GET /v1/streams?channels=ticker:*',
  'GET /v1/ws?channels=ticker:*',
  'POST /v1/auth/login',
  'POST /v1/auth/refresh',
  'POST /v1/auth/logout',
  'POST /v1/portfolios/:id/trades',
  'POST /v1/portfolios/:id/trades/import',
  'PATCH /v1/portfolios/:id',
  'DELETE /v1/portfolios/:id/trades/none',
  'OPTIONS /v1/portfolios',
  'PROPFIND /v1/portfolios',
  'GET /nothing',
];
const BODIES = ['', '{}', '{"name":"x"}', 'a,b\n1,2\n', '5\r\nhello\r\n0\r\n\r\n', '\u0000\u00ff'];

/**
 * What libraries make of the headers of strangers: whatever comes, the answer is no 5xx, and every refusal is a problem.
 */
describe(`headers, ${RUNS} for each kind of request`, function () {
  this.timeout(0);
  let target: Target;
  before(async () => {
    target = await startTarget({
      TRUST_PROXY: '1',
      CORS_ORIGINS: 'https://app.example.com',
      // Many a request here announces more than it sends.
      REQUEST_TIMEOUT_MS: '300',
      UPLOAD_TIMEOUT_MS: '1000',
    });
  });
  after(async () => {
    watch.take();
    await target?.close();
  });

  for (const each of TARGETS) {
    it(each, async () => {
      const { user, ids } = await target.attacker('trader');
      const line = each.replace(':id', ids['portfolioId']?.[0] ?? '');
      const method = each.split(' ')[0];
      const property = fc.asyncProperty(
        headerLines,
        fc.record({ isKnown: fc.nat(2), isFramed: fc.nat(3), body: fc.constantFrom(...BODIES) }),
        async (headers, { isKnown, isFramed, body }) => {
          const all: [string, string][] = [
            ...(headers.some(([name]) => name === 'Host') ? [] : [['Host', 'localhost'] as [string, string]]),
            ...(isKnown > 0 && !headers.some(([name]) => name === 'Authorization')
              ? [['Authorization', user.authorization] as [string, string]]
              : []),
            ...(isFramed > 0 && body !== ''
              ? [['Content-Length', String(body.length)] as [string, string]]
              : []),
            ...headers,
            ...(headers.some(([name]) => name === 'Connection')
              ? []
              : [['Connection', 'close'] as [string, string]]),
          ];
          const text = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
          const answer = await bareExchange(target.app.url, `${line} HTTP/1.1\r\n${text}\r\n${body}`);
          const at = `${line}\n${text.slice(0, 3_000)}\n→ ${answer.head.slice(0, 2_000)}\n${answer.body.slice(0, 500)}`;
          assert.ok(answer.status >= 100 && answer.status < 500, at);
          if (answer.status < 400) return;
          assert.match(answer.head, /\r\ncontent-type: application\/problem\+json/i, at);
          if (method === 'HEAD') return;
          const problem = JSON.parse(answer.body) as { status: number };
          assert.equal(problem.status, answer.status, at);
        },
      );
      await fc.assert(property, {
        numRuns: RUNS,
      });
      assert.equal((await target.app.call('GET', '/healthz')).status, 200);
    });
  }
});
