import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, type Handlers, MarktideError, type Retry } from '../../../lib/client/index.ts';
import { isFinal, waitOf } from '../../../lib/client/retry.ts';

type Answer = (res: ServerResponse) => void;

const inStep: Answer = (res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.write('event:ready\ndata:{"channels":["ticker:*"]}\n\n');
};

/** As a proxy answers: without a problem. */
function status(code: number, headers: Record<string, string> = {}): Answer {
  return (res) => {
    res.writeHead(code, { 'content-type': 'text/html', ...headers });
    res.end('<html>');
  };
}

describe('the client that is refused', () => {
  let server: Server;
  let url: string;
  let answers: Answer[] = [];
  let asked = 0;

  before(async () => {
    server = createServer((_req, res) => {
      asked += 1;
      (answers.length > 1 ? answers.shift() : answers[0])?.(res);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = 0;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Subscribes until it is live or has ended. */
  async function subscribe(to: Answer[], own: Handlers = {}, login?: { apiKey: string }) {
    answers = to;
    const retries: Retry[] = [];
    const errors: MarktideError[] = [];
    const subscription = createClient({ url, ...(login === undefined ? {} : { login }) }).subscribe(
      ['ticker:*'],
      {
        retrying: (retry) => retries.push(retry),
        error: (error) => errors.push(error),
        ready: () => subscription.close(),
        ...own,
      },
      { longestWaitMs: 5 },
    );
    await subscription.done;
    return { retries, errors };
  }

  for (const code of [400, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 426, 431, 451]) {
    it(`with ${code} ends with an error that says so, and does not ask again`, async () => {
      const { retries, errors } = await subscribe([status(code)]);
      assert.equal(asked, 1);
      assert.deepEqual(
        errors.map((error) => [error instanceof MarktideError, error.status]),
        [[true, code]],
      );
      assert.match(errors[0]?.message ?? '', new RegExp(`answered ${code} [A-Z]`));
      assert.deepEqual(retries, []);
    });
  }

  for (const code of [408, 425, 429, 500, 502, 503, 504]) {
    it(`with ${code} tells that it tries again, and does`, async () => {
      const { retries, errors } = await subscribe([status(code), status(code), inStep]);
      assert.equal(asked, 3);
      assert.deepEqual(
        retries.map(({ attempt, cause }) => [attempt, cause instanceof MarktideError && cause.status]),
        [
          [1, code],
          [2, code],
        ],
      );
      assert.deepEqual(errors, []);
    });
  }

  it('with 401 and nothing newer to show ends with that', async () => {
    const { errors } = await subscribe([status(401)], {}, { apiKey: 'mt_no' });
    assert.equal(asked, 1);
    assert.deepEqual(
      errors.map((error) => error.status),
      [401],
    );
  });

  it('tells of what is no refusal as well: a cut, another kind of answer, a stream that ends before it is in step', async () => {
    const { retries } = await subscribe([
      (res) => res.destroy(),
      status(200),
      (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.end('event:notice\ndata:{"code":"rate-limited","detail":"Too many streams."}\n\n');
      },
      (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.end('retry:2\n\n');
      },
      inStep,
    ]);
    assert.deepEqual(
      retries.map(({ attempt }) => attempt),
      [1, 2, 3, 4],
    );
    assert.match(retries[1]?.cause.message ?? '', /is text\/html, not an event stream/);
    assert.match(retries[2]?.cause.message ?? '', /Too many streams/);
    assert.match(retries[3]?.cause.message ?? '', /before it was up to date/);
  });

  it('waits for as long as it is asked to, in seconds or until a time', async () => {
    const later = new Date(Date.now() + 90_000).toUTCString();
    for (const [value, least] of [
      ['7', 7_000],
      [later, 80_000],
    ] as const) {
      const waits: number[] = [];
      answers = [status(503, { 'retry-after': value })];
      const subscription = createClient({ url }).subscribe(['ticker:*'], {
        retrying: ({ waitMs }) => {
          waits.push(waitMs);
          subscription.close();
        },
      });
      await subscription.done;
      assert.equal(waits.length, 1);
      const [waited = 0] = waits;
      assert.ok(waited >= least && waited <= least * 1.5, `${waited} ms`);
    }
  });

  it('waits longer with each failure, up to a limit, and never as long as others', () => {
    const cause = new Error('cut');
    const spread = { random: () => 1, longestWaitMs: 30_000 };
    const waits = [1, 2, 3, 4, 5, 6].map((attempt) => waitOf({ attempt, retryMs: 1_000, cause }, spread));
    assert.deepEqual(waits, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    const sooner = waitOf({ attempt: 1, retryMs: 1_000, cause }, { ...spread, random: () => 0 });
    assert.equal(sooner, 1_000);
    const asked = new MarktideError(503, null, { retryAfterMs: 60_000 });
    assert.equal(waitOf({ attempt: 1, retryMs: 1_000, cause: asked }, spread), 75_000);
  });

  it('takes every status for what it is', () => {
    const passing = Array.from({ length: 500 }, (_, n) => n + 100).filter(
      (code) => !isFinal(new MarktideError(code, null)),
    );
    assert.deepEqual(
      passing.filter((code) => code >= 400 && code < 500),
      [408, 425, 429],
    );
    assert.ok(passing.includes(500) && passing.includes(503));
    assert.equal(isFinal(new Error('cut')), false);
  });
});
