import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { startApp, type TestApp, type TestUser } from '../support/app.ts';
import { watch } from '../support/log-watch.ts';
import { StreamClient } from '../support/stream-client.ts';
import { hostileText, hostileValue } from './hostile.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2_000);

describe(`bare sockets, ${RUNS} of each kind`, function () {
  this.timeout(0);
  let app: TestApp;
  let user: TestUser;
  let admin: TestUser;
  /** A well-behaved neighbour, who must not notice. */
  let neighbour: StreamClient;
  let price = 0;

  before(async () => {
    app = await startApp({
      env: {
        HEADERS_TIMEOUT_MS: '300',
        REQUEST_TIMEOUT_MS: '600',
        UPLOAD_TIMEOUT_MS: '1000',
        RATE_LIMIT_ADDRESS: '0',
        RATE_LIMIT_USER: '0',
        STREAMS_PER_USER: '1000',
      },
    });
    [user, admin] = [await app.user(), await app.user('admin')];
    neighbour = new StreamClient(`${app.url}/v1/streams?channels=ticker:BTC/KRW`, {
      headers: { authorization: user.authorization },
    });
    await neighbour.ready();
  });
  after(async () => {
    neighbour?.cut();
    watch.take();
    await app?.close();
  });
  afterEach(async () => {
    price += 1;
    const body = { symbol: 'BTC/KRW', price: String(price) };
    assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body })).status, 200);
    await neighbour.until(() => neighbour.of('ticker').some(({ data }) => data.price === String(price)));
    const { body: open } = await app.call('GET', '/v1/streams/sessions', { as: admin });
    assert.equal(open.items.length, 1, 'only the neighbour is left');
  });

  /**
   * Sends the pieces, one write each, and half-closes.
   * @param waits after the first piece, for an answer
   * @returns all that came back until the server closed
   */
  async function exchange(pieces: readonly (string | Uint8Array)[], waits = false): Promise<string> {
    const { hostname, port } = new URL(app.url);
    const socket: Socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    let said = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (said += text));
    // A server may hang up on such a client in the middle of a word.
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed]);
    for (const [index, piece] of pieces.entries()) {
      if (!socket.writable) break;
      socket.write(piece);
      if (waits && index === 0)
        await Promise.race([new Promise((resolve) => socket.once('data', resolve)), closed]);
      else await new Promise(setImmediate);
    }
    socket.end();
    await closed;
    return said;
  }

  const token = (): string => `Authorization: ${user.authorization}\r\n`;

  function assertSane(said: string): void {
    for (const [, status] of said.matchAll(/(?:^|\r\n\r\n|\})HTTP\/1\.1 (\d{3})/g))
      assert.ok(Number(status) < 500, said.slice(0, 500));
    if (said !== '') assert.match(said, /^HTTP\/1\.1 \d{3} /);
  }

  const line: Arbitrary<string> = fc.oneof(
    fc.constantFrom(
      'GET /healthz HTTP/1.1',
      'GET /v1/portfolios HTTP/1.1',
      'POST /v1/portfolios HTTP/1.1',
      'GET /v1/ws HTTP/1.1',
      'HEAD / HTTP/1.1',
      'OPTIONS * HTTP/1.1',
      'CONNECT example.com:443 HTTP/1.1',
      'GET http://example.com/ HTTP/1.1',
      'GET /healthz HTTP/1.0',
      'GET /healthz HTTP/2.0',
      'PRI * HTTP/2.0',
      'GET /healthz',
      'get /healthz http/1.1',
      'GET  /healthz  HTTP/1.1',
      'BREW /pot HTTP/1.1',
    ),
    hostileText.map((text) => `GET /${text} HTTP/1.1`),
  );
  const header: Arbitrary<string> = fc.oneof(
    fc.constantFrom(
      'Host: localhost',
      'Host: x\r\nHost: y',
      'Content-Length: 5',
      'Content-Length: -1',
      'Content-Length: 99999999999999999999',
      'Content-Length: 5\r\nContent-Length: 6',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: chunked\r\nContent-Length: 3',
      'Transfer-Encoding: gzip, chunked',
      'Expect: 100-continue',
      'Expect: nonsense',
      'Connection: close',
      'Connection: Upgrade\r\nUpgrade: h2c',
      'Connection: Upgrade\r\nUpgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Content-Type: application/json',
      'Content-Encoding: gzip',
      'Accept-Encoding: br;q=99',
      'X-Forwarded-For: 1.1.1.1',
      'Range: bytes=0-1,-5',
      'If-None-Match: "',
      'Last-Event-ID: \u00ff\u0001',
      ' folded: line',
      'no colon',
      `X-Long: ${'x'.repeat(20_000)}`,
    ),
    fc.tuple(hostileText, hostileText).map(([name, value]) => `${name}: ${value}`),
  );
  const body: Arbitrary<string> = fc.oneof(
    fc.constantFrom(
      '',
      '{"name":"x"}',
      '5\r\nhello\r\n0\r\n\r\n',
      'ffffffff\r\n',
      '-1\r\n',
      '0\r\n\r\n',
      '{',
    ),
    hostileValue.map((value) => JSON.stringify(value)),
  );

  it('broken HTTP, half requests and pipelines', async () => {
    const request = fc
      .tuple(line, fc.array(header, { maxLength: 6 }), fc.boolean(), body)
      .map(([first, headers, isKnown, text]) => ({ first, headers, isKnown, text }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        fc.option(fc.nat(), { freq: 3, nil: null }),
        async (requests, cuts, end) => {
          const text = requests
            .map(
              ({ first, headers, isKnown, text: sent }) =>
                `${first}\r\n${isKnown ? token() : ''}${headers.map((each) => `${each}\r\n`).join('')}\r\n${sent}`,
            )
            .join('');
          const bytes = Buffer.from(text);
          const whole = end === null ? bytes : bytes.subarray(0, end % (bytes.length + 1));
          const places = cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b);
          const pieces = [0, ...places].map((from, index) =>
            whole.subarray(from, places[index] ?? whole.length),
          );
          assertSane(await exchange(pieces.filter(({ length }) => length > 0)));
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('bytes that are nothing at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), async (bytes) => {
        assertSane(await exchange([bytes]));
      }),
      { numRuns: RUNS },
    );
  });

  it('WebSockets that send garbage', async () => {
    const hello = (): string =>
      `GET /v1/ws?channels=ticker:* HTTP/1.1\r\nHost: localhost\r\n${token()}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    const message = fc.oneof(
      hostileValue.map((value) => JSON.stringify(value)),
      hostileText,
      fc
        .record(
          {
            type: fc.oneof(fc.constantFrom('subscribe', 'unsubscribe', 'ping', 'nonsense'), hostileValue),
            channels: fc.oneof(
              fc.array(fc.oneof(fc.constantFrom('ticker:*', 'candle:BTC/KRW:1m', 'pnl:x'), hostileText), {
                maxLength: 4,
              }),
              hostileValue,
            ),
            lastEventId: hostileValue,
            replay: hostileValue,
            ref: hostileValue,
          },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
    );
    const frame = fc
      .record({
        first: fc.oneof(
          { weight: 5, arbitrary: fc.constant(0x81) },
          { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }) },
        ),
        masked: fc.oneof(
          { weight: 9, arbitrary: fc.constant(true) },
          { weight: 1, arbitrary: fc.constant(false) },
        ),
        payload: fc.oneof(
          message.map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 200 }),
        ),
        claimed: fc.oneof(
          { weight: 9, arbitrary: fc.constant<bigint | null>(null) },
          { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
        ),
      })
      .map(frameOf);
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (frames, waits) => {
          const said = await exchange([hello(), ...frames], waits);
          // Who has closed its side before it was let in may be hung up on.
          if (waits || said !== '') assert.match(said, /^HTTP\/1\.1 101 /);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

/** A frame by RFC 6455, section 5.2, that may lie about its length. */
function frameOf({
  first,
  masked,
  payload,
  claimed,
}: {
  first: number;
  masked: boolean;
  payload: Uint8Array;
  claimed: bigint | null;
}): Buffer {
  const length = claimed ?? BigInt(payload.length);
  const mask = masked ? 0x80 : 0;
  const head =
    length < 126n
      ? Buffer.from([first, mask | Number(length)])
      : length < 65_536n
        ? Buffer.from([first, mask | 126, 0, 0])
        : Buffer.from([first, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (head.length === 4) head.writeUInt16BE(Number(length), 2);
  if (head.length === 10) head.writeBigUInt64BE(length, 2);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, ...(masked ? [Buffer.alloc(4)] : []), payload]);
}
