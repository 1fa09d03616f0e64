import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { hostileText } from './hostile.ts';

const encoded = (text: string): string => Buffer.from(text).toString('base64url');
/** A token whose parts are whatever they are. */
const token = (header: string, payload: string): string =>
  `${encoded(header)}.${encoded(payload)}.${encoded('x')}`;
const JWT = '{"alg":"HS256","typ":"JWT"}';

const TOKENS = [
  token(JWT, 'no JSON'),
  token(JWT, '{}'),
  token(JWT, 'null'),
  token('null', '{}'),
  token('no JSON', '{}'),
  token('{"alg":"none"}', '{"sub":"x"}'),
  token('{"alg":"EdDSA","typ":"JWT","kid":"x"}', '{'),
  token('{"alg":"HS256","typ":"JWT","kid":["x"]}', '{}'),
  token('{"alg":"HS256","typ":"JWT","crit":["exp"],"b64":false}', '{}'),
  '..',
  'a.b.c',
  '.'.repeat(5_000),
];

/** Values that each header is sent with, good and bad; they are mutated further. */
export const HEADER_SEEDS: Readonly<Record<string, readonly string[]>> = {
  Accept: [
    '*/*',
    'text/event-stream',
    'application/x-ndjson;q=0.5, text/event-stream; charset=utf-8',
    'a/b;q=-1',
  ],
  'Accept-Charset': ['utf-8, *;q=0'],
  'Accept-Encoding': ['br', 'gzip;q=0.5, br;q=1', 'identity;q=0', 'br;q=-1', '*;q=0', 'gzip;q=x', '*'],
  'Accept-Language': ['ko-KR, en;q=0.5', '*;q=-1'],
  'Access-Control-Request-Headers': ['authorization, x-csrf-token'],
  'Access-Control-Request-Method': ['POST'],
  Authorization: [
    ...TOKENS.map((each) => `Bearer ${each}`),
    'Basic dXNlcjpwYXNz',
    'Digest username="a", nonce="b"',
    'Negotiate YII=',
    'Bearer',
  ],
  'Cache-Control': ['no-cache', 'max-stale=5', 'max-stale=-1, max-age=1e9'],
  Connection: ['keep-alive', 'Upgrade', 'close, Upgrade, HTTP2-Settings', 'Transfer-Encoding'],
  'Content-Encoding': ['gzip', 'br', 'identity', 'deflate, gzip'],
  'Content-Length': ['0', '2', '5', '-1', '99999999999999999999', '0x2', '2, 2'],
  'Content-Type': [
    'application/json',
    'application/json; charset=utf-8',
    'application/json; charset="utf-8',
    'application/vnd.api+json; charset=utf-16le',
    'text/csv; charset=euc-kr',
    'text/csv; charset=__proto__',
    'multipart/form-data; boundary=x',
    '/;=',
  ],
  Cookie: [
    ...TOKENS.map((each) => `marktide_access=${each}`),
    'marktide_access=a; marktide_access=b; marktide_csrf=c',
    'marktide_refresh=%E0%A4%A; =; ;;',
    'marktide_device="x"; __proto__=1',
  ],
  Date: ['Thu, 01 Jan 1970 00:00:00 GMT'],
  Expect: ['100-continue', '200-ok', '100-Continue, x'],
  Forwarded: ['for="[::1]";proto=https'],
  Host: ['localhost', '[::1]:80', 'a b', '[', 'x:99999999', '', 'xn--', 'user@host'],
  'If-Match': ['"a"', '*'],
  'If-Modified-Since': ['Thu, 01 Jan 1970 00:00:00 GMT', 'never', '+275760-09-13T00:00:00.001Z'],
  'If-None-Match': ['"a", W/"b"', '*', '"', 'W/"'.repeat(500), '"" '.repeat(1_000)],
  'If-Range': ['"a"'],
  'If-Unmodified-Since': ['Thu, 01 Jan 1970 00:00:00 GMT'],
  'Last-Event-ID': ['m.0~x', 'AAAA~sealseal.1_2.3', '~', '~~~~', '9'.repeat(200), '한'],
  Origin: ['null', 'https://app.example.com', 'http://[', 'file:///', 'https://evil.example:99999'],
  Pragma: ['no-cache'],
  Prefer: ['return=minimal'],
  Range: ['bytes=0-1', 'bytes=0-1,-5', 'bytes=9-1', 'bytes=-', 'x=1-', `bytes=${'0-1,'.repeat(1_000)}`],
  Referer: ['http://[/'],
  'Sec-WebSocket-Extensions': ['permessage-deflate; client_max_window_bits=99', 'x; y="'],
  'Sec-WebSocket-Key': ['AAAAAAAAAAAAAAAAAAAAAA==', 'x'],
  'Sec-WebSocket-Protocol': ['chat', 'a, a', ',', 'a b', ''],
  'Sec-WebSocket-Version': ['13', '8', '13, 8', '-1'],
  TE: ['trailers'],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-x', 'cc-0-0-0-0'],
  tracestate: ['a=b,c=d'],
  Trailer: ['Content-Length'],
  'Transfer-Encoding': ['chunked', 'gzip, chunked', 'identity', 'chunked, chunked'],
  Upgrade: ['websocket', 'h2c', 'websocket, h2c', 'WebSocket'],
  'User-Agent': ['x'],
  Via: ['1.1 x'],
  'X-API-Key': ['mtk_x', 'mtk_00000000000000000000000000000000', '한'],
  'X-CSRF-Token': ['x', 'é'],
  'X-Forwarded-For': ['1.1.1.1', '::1, 2001:db8::1', '::ffff:1.2.3.4, x', ',', '1.1.1.1, '.repeat(500)],
  'X-Forwarded-Host': ['evil.example', 'a, b', '['],
  'X-Forwarded-Proto': ['https', 'gopher, https'],
  'X-HTTP-Method-Override': ['DELETE'],
  'X-Request-Id': ['trace-0123456789', '{}'],
};

/** What breaks a parser in the middle of a value. */
const PIECES = [
  ',',
  ';',
  '=',
  '"',
  "'",
  '\\',
  '/',
  '*',
  ' ',
  '\t',
  ';q=',
  ';q=-1',
  ';q=1e999',
  '%',
  '%00',
  '\u0000',
];

/** A value with some places changed: cut, doubled, or with something put in. */
function mutated(seed: string): Arbitrary<string> {
  const step = fc.record({
    at: fc.nat(),
    length: fc.nat(8),
    insert: fc.oneof(fc.constantFrom(...PIECES, ''), hostileText),
    times: fc.constantFrom(1, 1, 1, 2, 300),
  });
  return fc.array(step, { maxLength: 3 }).map((steps) =>
    steps.reduce((text, { at, length, insert, times }) => {
      const from = at % (text.length + 1);
      return (text.slice(0, from) + insert + text.slice(from + length)).repeat(text.length < 100 ? times : 1);
    }, seed),
  );
}

const NAMES = Object.keys(HEADER_SEEDS);

/** Header lines: seeds of their own header or of another one, mutated or not. No line breaks: those make other headers. */
export const headerLines: Arbitrary<[string, string][]> = fc.array(
  fc
    .record({ name: fc.constantFrom(...NAMES), other: fc.constantFrom(...NAMES), isOther: fc.nat(9) })
    .chain(({ name, other, isOther }) =>
      fc
        .constantFrom(...(HEADER_SEEDS[isOther === 0 ? other : name] ?? ['']))
        .chain((seed) =>
          fc.oneof({ weight: 1, arbitrary: fc.constant(seed) }, { weight: 2, arbitrary: mutated(seed) }),
        )
        .map((value): [string, string] => [name, value.replaceAll(/[\r\n]/g, ' ').slice(0, 8_000)]),
    ),
  { minLength: 1, maxLength: 5 },
);
