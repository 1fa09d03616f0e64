import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import iconv from 'iconv-lite';
import type { TestUser } from '../support/app.ts';
import { watch } from '../support/log-watch.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { longText } from './costly.ts';
import { BAR_MS, type HeldAnswer, type HeldApp, startHeldApp } from './held-app.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);

const HEADINGS = [
  'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId,note,tags',
  'time\tsymbol\tside\tquantity\tprice',
  'symbol;time;price;quantity;side;note',
  '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간',
  'Date(UTC),Pair,Side,Price,Executed,Amount,Fee',
  'a,b,c',
  '',
];

const cell = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('BTC/KRW', 'BTC', 'KRW', 'BTCUSDT', 'buy', 'SELL', '매수', '입금', ''),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('1', '0.5', '1,000', '5 KRW', '0.5BTC', '-1', '1e9', '0', '9'.repeat(40)),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '2026-01-01T00:00:00Z',
      '2026-01-01 09:00:00',
      '2026.01.02 09:00',
      '1767225600000',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '"',
      '""',
      '"a"',
      '"a""b"',
      '"a\nb"',
      '"a',
      'a"b',
      '\r',
      '\u0000',
      '=1+1',
      '\\;',
    ),
  },
  { weight: 1, arbitrary: longText(300) },
);

const good = fc.constantFrom(
  '2026-01-01T00:00:00Z,upbit,BTC/KRW,buy,1,2,0.1,KRW,x1,a note,x;y',
  '2026-01-01T00:00:00Z,,BTC/KRW,buy,1,2,,,,,',
  '2026-01-01T00:00:01Z\tBTC/KRW\tsell\t1\t2',
  '2026-07-01 09:00:00,BTC,KRW,매수,0.01,89886000,898860,449,899309,2026-07-01 08:59:00',
  '2026-01-01 00:00:00,BTCUSDT,BUY,90000,0.5BTC,45000USDT,0.001BNB',
);

const row = fc.oneof(
  good,
  fc
    .tuple(fc.array(cell, { maxLength: 14 }), fc.constantFrom(',', ',', '\t', ';'))
    .map(([cells, delimiter]) => cells.join(delimiter)),
);

const text = fc
  .record({
    title: fc.constantFrom('', '', 'a title\n', '\n\n'),
    heading: fc.constantFrom(...HEADINGS),
    rows: fc.array(row, { maxLength: 30 }),
    times: fc.constantFrom(1, 1, 1, 200),
    ending: fc.constantFrom('\n', '\r\n', '\r', '\n\n'),
  })
  .map(({ title, heading, rows, times, ending }) => {
    const all = Array.from({ length: times }, () => rows).flat();
    return title + [heading, ...all].join(ending);
  });

const ENCODINGS = ['utf8', 'utf8', 'utf-8-bom', 'cp949', 'utf16le', 'utf16be'] as const;

const encoded = fc.tuple(text, fc.constantFrom(...ENCODINGS)).map(([content, encoding]) => {
  if (encoding === 'utf-8-bom') return iconv.encode(content, 'utf8', { addBOM: true });
  return iconv.encode(content, encoding, { addBOM: encoding.startsWith('utf16') });
});

/** A file with some of its bytes replaced, taken out, or cut off. */
const damaged = fc
  .tuple(encoded, fc.array(fc.tuple(fc.nat(), fc.integer({ min: -1, max: 255 })), { maxLength: 4 }))
  .map(([file, changes]) => {
    let bytes = file;
    for (const [at, value] of changes) {
      const place = at % (bytes.length + 1);
      const rest = bytes.subarray(place + 1);
      bytes = Buffer.concat([bytes.subarray(0, place), value < 0 ? Buffer.alloc(0) : Buffer.of(value), rest]);
    }
    return bytes;
  });

const file: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 3, arbitrary: encoded },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5_000 }).map((bytes) => Buffer.from(bytes)) },
);

const request = fc.record({
  body: file,
  query: fc.constantFrom(
    '?skipRejected=true',
    '?skipRejected=true&order=newest-first',
    '',
    '?dryRun=true',
    '?tz=Asia/Seoul&skipRejected=true',
  ),
  type: fc.constantFrom('text/csv', 'text/csv; charset=utf-8', 'text/csv; charset=euc-kr', 'text/plain'),
});

interface Report {
  rows: number;
  accepted: number;
  duplicates: number;
  rejected: number;
  ignored: number;
  booked: boolean;
}

for (const backend of ['embedded', 'postgres'] as const) {
  const suite = backend === 'embedded' || postgresAvailable() ? describe : describe.skip;
  suite(`files of trades (${backend}), ${RUNS} of them`, function () {
    this.timeout(0);
    let held: HeldApp;
    let user: TestUser;
    before(async () => {
      held = await startHeldApp(backend);
      user = await held.app.user();
    });
    after(async () => {
      watch.take();
      await held?.close();
    });

    it('are read or refused, whatever their bytes, and every row is accounted for', async () => {
      const body = { name: 'P' };
      const { id } = (await held.app.call('POST', '/v1/portfolios', { as: user, body })).body;
      const path = `/v1/portfolios/${id}`;
      const version = async (): Promise<number> =>
        (await held.app.call('GET', path, { as: user })).body.version;
      const property = fc.asyncProperty(request, async ({ body: bytes, query, type }) => {
        const before = await version();
        const send = (): Promise<HeldAnswer> =>
          held.send(() => ({
            method: 'POST',
            path: `${path}/trades/import${query}`,
            headers: { authorization: user.authorization, 'content-type': type },
            body: bytes,
          }));
        const answer = await send();
        const at = `${query} ${type} → ${answer.status} ${answer.text.slice(0, 500)}`;
        assert.ok([200, 201, 400, 409, 413, 415, 422].includes(answer.status), at);
        assert.ok(answer.held <= BAR_MS, `${answer.held.toFixed(1)} ms: ${at}`);
        const first = answer.status < 300 ? (JSON.parse(answer.text) as Report) : null;
        const after = await version();
        if (first === null) {
          assert.equal(after, before, `nothing of a file that is refused is booked: ${at}`);
          return;
        }
        const { rows, accepted, duplicates, rejected, ignored } = first;
        assert.equal(accepted + duplicates + rejected + ignored, rows, at);
        assert.equal(after - before, first.booked ? accepted : 0, at);
        if (!query.includes('skipRejected')) return;
        // Sent again, nothing of it is booked twice.
        const again = JSON.parse((await send()).text) as Report;
        assert.deepEqual([again.accepted, again.duplicates], [0, accepted + duplicates], at);
      });
      await fc.assert(property, {
        numRuns: RUNS,
        endOnFailure: true,
      });
    });
  });
}
