import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { VERSION } from '../../lib/process/package-info.ts';
import { openApiDocument } from '../../openapi/document.ts';
import { API } from '../../openapi/documents.ts';
import type { Role } from '../../lib/tokens/caller.ts';
import { watch } from '../support/log-watch.ts';
import { checkAnswer } from '../support/response-check.ts';
import { type Operation, requestsOf } from './requests.ts';
import type { Schemas } from './schema-values.ts';
import { MARK, startTarget, type Target } from './target.ts';

/** Requests for each operation and role. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2_000);
/** Each of these works out a password hash, which is meant to take its time. */
const COSTLY = ['login', 'register', 'changePassword', 'createUser', 'updateUser'];
/** What is inside must not be seen from outside. */
const INNARDS =
  /node_modules|\bat \S+ \(\S+:\d+:\d+\)|\bselect \S+ from\b|syntax error at or near|relation "|\/lib\//i;

const document = JSON.parse(JSON.stringify(openApiDocument(API, VERSION))) as {
  paths: Record<string, Record<string, Record<string, unknown>>>;
  components: { schemas: Schemas };
};

const OPERATIONS: Operation[] = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    id: String(operation['operationId']),
    method: method.toUpperCase(),
    path,
    parameters: (operation['parameters'] ?? []) as Operation['parameters'],
    body: (operation['requestBody'] as { content?: Operation['body'] } | undefined)?.content ?? {},
  })),
);

describe(`every operation, asked ${RUNS} times by every role`, function () {
  this.timeout(0);
  let target: Target;
  before(async () => {
    target = await startTarget();
  });
  after(async () => {
    // What stands here where secrets do is known to everybody, and is in every log.
    watch.take();
    await target?.close();
  });

  for (const role of ['nobody', 'viewer', 'trader', 'admin'] as const) {
    for (const operation of OPERATIONS) {
      it(`${operation.id} by ${role}`, async () => {
        const { user, ids } = await target.attacker(role === 'nobody' ? 'viewer' : (role satisfies Role));
        const authorization = role === 'nobody' ? null : user.authorization;
        const before = await target.victim();
        const share = COSTLY.includes(operation.id) ? 2 : 1;
        const property = fc.asyncProperty(
          requestsOf(operation, document.components.schemas, ids),
          async (request) => {
            const { status, headers, text } = await target.send(request, authorization);
            const at = `${request.method} ${request.path} → ${status}`;
            // An exchange that cannot be reached from here is no fault of the server.
            const isAway = status === 503 && text.includes('"code":"unreachable"');
            assert.ok(status < 500 || isAway, `${at} ${text}`);
            const isJson = /json/.test(headers.get('content-type') ?? '');
            checkAnswer(request.method, request.path, {
              status,
              headers,
              body: isJson ? JSON.parse(text) : text,
            });
            if (isJson && !request.path.includes('api.json')) assert.doesNotMatch(text, INNARDS, at);
            // Who sends it to us may have it back, and an admin may see it all.
            if (role !== 'admin') assert.ok(!text.includes(MARK), `${at}: another user's data`);
          },
        );
        await fc.assert(property, {
          numRuns: Math.max(1, Math.ceil(RUNS / share)),
        });
        if (role !== 'admin') assert.equal(await target.victim(), before, "another user's data has changed");
        assert.equal((await target.app.call('GET', '/healthz')).status, 200);
      });
    }
  }
});
