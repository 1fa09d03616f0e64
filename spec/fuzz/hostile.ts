import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';

/** Texts that have broken other programs. */
const TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\ufeff',
  '\u202e\u2066',
  'İıſß',
  '한글😀\u0301',
  'NaN',
  'Infinity',
  '-0',
  '0x10',
  '1e999',
  '1e-999',
  '9'.repeat(400),
  `0.${'0'.repeat(300)}1`,
  '-1',
  '1_000',
  '1,000',
  '٣',
  'null',
  'undefined',
  'true',
  '[]',
  '{}',
  "'",
  '"',
  "' or '1'='1",
  "'; drop table users; --",
  '$1',
  '?',
  '??',
  ':id',
  '%',
  '_',
  '\\',
  '%00',
  '%2e%2e%2f',
  '../../etc/passwd',
  '..\\..\\',
  '/',
  '//',
  '.',
  '..',
  '\r\nSet-Cookie: a=b',
  '\r\n\r\nHTTP/1.1 200 OK',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '${7*7}',
  '=1+1',
  '@SUM(A1)',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  '2026-02-30',
  '2026-13-01T00:00:00Z',
  '0000-00-00',
  '-271821-04-20T00:00:00.000Z',
  '+275760-09-13T00:00:00.001Z',
  '9999-12-31T23:59:60Z',
  '2026-03-29T02:30:00[Europe/Berlin]',
  'Europe/Atlantis',
  '+99:99',
  'a'.repeat(5_000),
  '가'.repeat(1_000),
];

const NUMBERS = [
  0,
  -0,
  -1,
  0.1,
  0.1 + 0.2,
  1e-18,
  1e21,
  1e308,
  -1e308,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 63,
  Number.MAX_SAFE_INTEGER,
  8.64e15,
  8.64e15 + 1,
];

/** Text that means harm, or at least no good. */
export const hostileText: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);

function nested(depth: number, of: (inner: unknown) => unknown): unknown {
  let value: unknown = 0;
  for (let n = 0; n < depth; n += 1) value = of(value);
  return value;
}

/** Values that JSON can carry and nobody wants. */
export const hostileValue: Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...NUMBERS, null, true, false) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      [],
      {},
      [[]],
      JSON.parse('{"__proto__":{"role":"admin"}}'),
      { constructor: { prototype: { role: 'admin' } } },
      nested(2_000, (inner) => [inner]),
      nested(500, (inner) => ({ a: inner })),
      Array.from({ length: 2_000 }, () => null),
    ),
  },
);

/** Names that objects should not have, or are not asked for. */
export const hostileKey: Arbitrary<string> = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'id',
  'userId',
  'portfolioId',
  'role',
  'version',
  '',
  'a.b',
  'x[0]',
  '$where',
);
