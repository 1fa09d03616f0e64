import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import iconv from 'iconv-lite';
import { GENESIS } from '../../../lib/epoch.ts';
import { zoneOf } from '../../../lib/import/reading/local-time.ts';
import { readFile } from '../../../lib/import/rows.ts';
import type { RawTrade } from '../../../lib/import/reading/format.ts';
import { Problem } from '../../../lib/problem.ts';
import { turnsOf } from '../../support/turns.ts';
import { EXPECTED } from './layouts/expected.ts';

/** In pieces that cut characters and rows anywhere. */
async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Read {
  format: string;
  encoding: string;
  zone: string | null;
  /** An entry, what is ignored or undecided as `null`, or `column: detail` of an error. */
  rows: [number, unknown][];
}

async function read(
  text: string | Buffer,
  { tz, size = 1 << 16 }: { tz?: string; size?: number } = {},
): Promise<Read> {
  const zone = tz === undefined ? null : zoneOf(tz);
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const file = await readFile(pieces(bytes, size), { charset: null, zone, ...SPAN, maxRows: 10_000 });
  const rows: [number, unknown][] = [];
  for await (const row of file.rows) {
    if ('entries' in row) for (const entry of row.entries) rows.push([row.line, entry]);
    else rows.push([row.line, 'error' in row ? `${row.error.column}: ${row.error.detail}` : null]);
  }
  return { format: file.layout.format.name, encoding: file.encoding, zone: file.zone?.name ?? null, rows };
}

async function refusal(text: string | Buffer): Promise<{ line: unknown; column: unknown; text: string }> {
  try {
    await read(text);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.slug, 'malformed-csv');
    const [first] = error.errors ?? [];
    return { line: first?.line, column: first?.column, text: error.message };
  }
  return assert.fail('it was taken');
}

const SPAN = { earliest: GENESIS, latest: Date.UTC(2027, 0, 1) };
const OWN = 'time,symbol,side,quantity,price,note\n';
const ROW = '2026-01-01T00:00:00Z,BTC/KRW,buy,1,2,';

describe('a file of trades', () => {
  for (const [name, { format, tz, rows }] of Object.entries(EXPECTED)) {
    const bytes = readFileSync(new URL(`../../fixtures/imports/${name}`, import.meta.url));
    const options = tz === undefined ? {} : { tz };

    it(`of ${format} is read as it is meant: ${name}`, async () => {
      const found = await read(bytes, options);
      assert.equal(found.format, format);
      assert.deepEqual(found.rows, rows);
    });

    it(`is read the same in EUC-KR, in UTF-16 and in pieces of three bytes: ${name}`, async () => {
      const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
      for (const [encoding, encoded] of [
        ['euc-kr', iconv.encode(text, 'cp949')],
        ['utf-16le', iconv.encode(text, 'utf16le', { addBOM: true })],
        ['utf-16be', iconv.encode(text, 'utf16be', { addBOM: true })],
        ['utf-8', Buffer.from(text)],
      ] as const) {
        const found = await read(encoded, { ...options, size: 3 });
        assert.deepEqual(found.rows, rows, encoding);
        // Without a Korean letter there is nothing to tell EUC-KR from UTF-8 by.
        const isAscii = Buffer.byteLength(text) === text.length;
        assert.equal(found.encoding, encoding === 'euc-kr' && isAscii ? 'utf-8' : encoding);
      }
    });
  }

  it('counts lines over quoted line breaks and empty lines', async () => {
    const { rows } = await read(`${OWN}${ROW}"a\r\nb"\r\n\r\n,,,,,\n${ROW}x\n${ROW}"1\n2\n3"\n${ROW}y`);
    assert.deepEqual(
      rows.map(([line]) => line),
      [2, 6, 7, 10],
    );
  });

  it('says what is wrong with a cell, by its heading', async () => {
    const upbit = '체결시간,코인,마켓,종류,거래수량,거래단가,수수료\n';
    const { rows } = await read(
      `${upbit}2026-02-30 10:00:00,BTC,KRW,매수,1,2,0\n2026-02-28 10:00:00,BTC,KRW,매수,1.2E-05K,2,0\n2026-02-28 10:00:00,비트코인,KRW,매수,1,2,0\n2026-02-28 10:00:00,BTC,KRW,매수,1,-,0\n2026-02-28 10:00:00,BTC,KRW,매수,1,2,0,extra\n`,
    );
    assert.deepEqual(rows, [
      [2, '체결시간: is not a time such as 2026-03-02 09:00:00'],
      [3, '거래수량: is not a decimal number'],
      [4, '코인: does not name an asset such as BTC'],
      [5, '거래단가: is empty'],
      [6, '#8: has no heading: the row has too many cells'],
    ]);
  });

  it('of Binance without a time zone asks for it', async () => {
    const text =
      'Time,Pair,Side,Price,Executed,Amount,Fee\n2026-01-02 18:31:37,BTCUSDT,BUY,1,1BTC,1USDT,0BNB\n';
    assert.deepEqual((await read(text)).rows, [[2, 'Time: has no time zone: say it as `tz`']]);
    const skipped = text.replace('2026-01-02 18', '2026-03-29 02');
    assert.deepEqual((await read(skipped, { tz: 'Europe/Berlin' })).rows, [
      [
        2,
        'Time: is a time that does not exist in Europe/Berlin: its clocks go from 2026-03-29 02:00 to 2026-03-29 03:00',
      ],
    ]);
  });

  it('may have another time zone than its source is known to use', async () => {
    const text = '체결시간,코인,종류,거래수량,거래단가\n2026-07-01 09:00:00,BTC,매수,1,2\n';
    const times = async (tz?: string): Promise<unknown> => {
      const { rows } = await read(text, tz === undefined ? {} : { tz });
      return rows.map(([, trade]) => (trade as { time: number }).time);
    };
    assert.deepEqual(await times(), [Date.UTC(2026, 6, 1, 0)]);
    assert.deepEqual(await times('Europe/Berlin'), [Date.UTC(2026, 6, 1, 7)]);
    assert.deepEqual(await times('-05:30'), [Date.UTC(2026, 6, 1, 14, 30)]);
  });

  it('counts the zone of a heading, and refuses one that contradicts it', async () => {
    const text = (heading: string): string =>
      `${heading},Market,Type,Price,Amount,Total,Fee,Fee Coin\n2026-01-02 18:31:37,BTCUSDT,BUY,1,1,1,0,BNB\n`;
    const at = async (heading: string, tz?: string): Promise<unknown> => {
      const [row] = (await read(text(heading), tz === undefined ? {} : { tz })).rows;
      return (row?.[1] as { time: number }).time;
    };
    assert.equal(await at('Date(UTC+9)'), Date.UTC(2026, 0, 2, 9, 31, 37));
    assert.equal(await at('Date (UTC-03:00)', '-3'), Date.UTC(2026, 0, 2, 21, 31, 37));
    assert.equal(await at('Date(UTC+9)', 'Asia/Seoul'), Date.UTC(2026, 0, 2, 9, 31, 37));
    assert.equal(await at('Date(UTCnull)', 'UTC'), Date.UTC(2026, 0, 2, 18, 31, 37));
    await assert.rejects(
      at('Date(UTC)', 'Asia/Seoul'),
      /`tz` contradicts the file: one of its headings says UTC/,
    );
  });

  it('is read with any line end, and refused when there is no row', async () => {
    const lines = [OWN.trim(), `${ROW}a`, `${ROW}b`];
    for (const end of ['\n', '\r\n', '\r']) {
      const { rows } = await read(lines.join(end) + end, { size: 7 });
      assert.deepEqual(
        rows.map(([line]) => line),
        [2, 3],
      );
    }
    assert.match((await refusal(`${OWN}\n,,\n`)).text, /no rows below them/);
  });

  it('of Binance splits pairs by its markets, and takes letters for a unit only if the pair has it', async () => {
    const page = (pair: string, executed: string, amount: string): string =>
      `Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n2024-05-07 07:08:09,${pair},SELL,0.4000,"${executed}",${amount},0.00070000BNB\n`;
    const market = async (text: string): Promise<unknown> => {
      const [row] = (await read(text)).rows;
      const trade = row?.[1];
      return typeof trade === 'string' ? trade : [(trade as RawTrade).symbol, (trade as RawTrade).quantity];
    };
    assert.deepEqual(await market(page('1INCHUSDT', '1,000.01INCH', '400.00USDT')), ['1INCH/USDT', '1000.0']);
    assert.deepEqual(await market(page('INCHUSDT', '1,000.01INCH', '400.00USDT')), ['INCH/USDT', '1000.01']);
    assert.deepEqual(
      await market(page('BTCUSDT', '1.5K', '400.00USDT')),
      'Executed: is not a decimal number',
    );
    const report = (pair: string): string =>
      `Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin\n2024-05-07 07:08:09,${pair},BUY,0.5,2.5,1.25,0,BNB\n`;
    assert.deepEqual(await market(report('ADAEUR')), ['ADA/EUR', '2.5']);
    assert.deepEqual(await market(report('BTCAEUR')), ['BTC/AEUR', '2.5']);
    assert.deepEqual(await market(report('ABCXYZ')), 'Market: is not a pair such as BTCUSDT');
  });

  it('is refused with line and column when its quotes are broken', async () => {
    const middle = await refusal(`${OWN}${ROW}a\n${ROW}"a"b"\n`);
    assert.deepEqual([middle.line, middle.column], [3, 'note']);
    const opened = await refusal(`${OWN}${ROW}a "b" c\n`);
    assert.deepEqual([opened.line, opened.column], [2, 'note']);
    const unclosed = await refusal(`${OWN}${ROW}"multi\nline"\n${ROW}"never closed\n${ROW}\n`);
    assert.deepEqual([unclosed.line, unclosed.column], [4, 'note']);
  });

  it('is refused when a line is too long, in bounded memory', async () => {
    let pulled = 0;
    const source = async function* source(): AsyncGenerator<Buffer> {
      yield Buffer.from(`${OWN}${ROW}ok\n${ROW}`);
      for (let n = 0; n < 160; n += 1) {
        pulled += 1;
        yield Buffer.alloc(65_536, 'x');
      }
    };
    const file = await readFile(source(), { charset: null, zone: null, ...SPAN, maxRows: 10 });
    await assert.rejects(
      async () => {
        for await (const row of file.rows) assert.equal(row.line, 2);
      },
      (error: Problem) => error.errors?.[0]?.line === 3 && error.errors[0].column === 'note',
    );
    assert.ok(pulled < 20, `${pulled} of 160 pieces were read`);
  });

  it('is read in small slices, between which others have a turn, whatever its shape', async () => {
    const ROWS = 40_000;
    const upbit = '체결시간,코인,종류,거래수량,거래단가\n';
    for (const [name, body] of [
      ['line breaks', OWN + '\n'.repeat(ROWS)],
      ['rows of one cell', `${OWN}${'x\n'.repeat(ROWS)}`],
      ['ragged rows', OWN + 'x\nx,y\n'.repeat(ROWS / 2)],
      ['empty cells', OWN + `${','.repeat(499)}\n`.repeat(ROWS / 500)],
      ['rows', OWN + `${ROW}a note\n`.repeat(ROWS / 4)],
      ['rows that are no trades', upbit + '2026-07-01 09:00:00,BTC,입금,1,2\n'.repeat(ROWS / 4)],
    ] as const) {
      const file = await readFile(pieces(Buffer.from(body), 1 << 16), {
        charset: null,
        zone: null,
        ...SPAN,
        maxRows: ROWS,
      });
      const { turns, cpu } = await turnsOf(async () => {
        try {
          // oxlint-disable-next-line no-unused-vars -- they are only read
          for await (const _ of file.rows);
        } catch (error) {
          // Of those that hold nothing.
          assert.match(String(error), /no rows below them/);
        }
      });
      const least = Math.floor(cpu / 40);
      assert.ok(turns >= least, `${name}: ${turns} turns instead of ${least}`);
    }
  });

  it('has bounds on what a cell may hold, by its heading', async () => {
    const { rows } = await read(
      [
        'time,symbol,side,quantity,price,note,tags,other',
        `2026-01-01T00:00:00Z,BTC/KRW,buy,${'1'.repeat(101)},2,,,`,
        `2026-01-01T00:00:00Z,BTC/KRW,buy,1,2,${'x'.repeat(16_385)},,`,
        `2026-01-01T00:00:00Z,BTC/KRW,buy,1,2,,${';'.repeat(100)},`,
        // What is not read may be long.
        `2026-01-01T00:00:00Z,BTC/KRW,buy,1,2,,,${'x'.repeat(100_000)}`,
      ].join('\n'),
    );
    assert.deepEqual(rows.slice(0, 3), [
      [2, 'quantity: is not a decimal number'],
      [3, 'note: is longer than 16384 characters'],
      [4, 'tags: has more than 100 tags'],
    ]);
    assert.equal(typeof rows[3]?.[1], 'object');
    const many = await read(
      `체결시간,코인,종류,거래수량,거래단가\n2026-07-01 09:00:00,BTC,${'입'.repeat(9_000)},1,2\n`,
    );
    assert.deepEqual(many.rows, [[2, null]]);
  });

  it('is refused when a row has more cells than any file', async () => {
    const { line, column, text } = await refusal(`${OWN}${','.repeat(500)}\n`);
    assert.deepEqual([line, column], [2, '#501']);
    assert.match(text, /more than 500 cells/);
  });

  it('does not look into texts that are too long for a heading', async () => {
    const long = `${'¹'.repeat(9_000)}x`;
    const row = 'y,2026-01-01T00:00:00Z,BTC/KRW,buy,1,2';
    const { rows } = await read(`${long},time,symbol,side,quantity,price\n${row}\n`);
    assert.equal(rows.length, 1);
    assert.match(
      (await refusal(`${long},${long},${long}\n`.repeat(3))).text,
      /does not have the headings of a file that can be imported/,
    );
  });

  it('ends its source when it is not read to the end', async () => {
    let ended = 0;
    async function* source(text: string): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from(text);
        for (;;) yield Buffer.from(`${ROW}x\n`.repeat(1_000));
      } finally {
        ended += 1;
      }
    }
    const options = { charset: null, zone: null, ...SPAN, maxRows: 100 };
    const file = await readFile(source(OWN), options);
    for await (const row of file.rows) {
      assert.equal(row.line, 2);
      break;
    }
    assert.equal(ended, 1);
    const long = await readFile(source(OWN), options);
    await assert.rejects(async () => {
      for await (const row of long.rows) assert.ok(row.line > 1);
    }, /The limit is 100 rows/);
    assert.equal(ended, 2);
    await assert.rejects(readFile(source('\u0000'), options), /zero bytes/);
    await assert.rejects(readFile(source('a,b,c\n'.repeat(10_000)), options), /headings/);
    assert.equal(ended, 4);
  });

  it('is refused when its headings are not known, or one is missing', async () => {
    assert.match(
      (await refusal('a,b,c\n1,2,3\n')).text,
      /does not have the headings of a file that can be imported/,
    );
    const lacking = await refusal('체결시간,코인,마켓,종류,거래단가\n');
    assert.deepEqual([lacking.line, lacking.column], [1, '거래수량']);
    assert.match(lacking.text, /upbit/);
    const orders =
      'Date(UTC),OrderNo,Pair,Type,Side,Order Price,Order Amount,Time,Executed,Average Price,Trading total,Status\n';
    assert.match((await refusal(orders)).text, /Export the trade history instead/);
  });

  it('is refused when it is no text', async () => {
    assert.match((await refusal(Buffer.from('PK\u0003\u0004rest'))).text, /Excel workbook/);
    assert.match((await refusal(iconv.encode(OWN, 'utf16le'))).text, /UTF-16 without a byte order mark/);
    assert.match((await refusal('')).text, /empty/);
    const latin = Buffer.concat([Buffer.from(`${OWN}${ROW}caf`), Buffer.from([0xe9]), Buffer.from('\n')]);
    const neither = await refusal(latin);
    assert.equal(neither.line, 2);
    assert.match(neither.text, /neither UTF-8 nor EUC-KR/);
    // Beyond the part that the encoding was told by.
    const late = Buffer.concat([
      Buffer.from(OWN + `${ROW}x\n`.repeat(3_000)),
      Buffer.from([0xb0, 0xa1, 0x0a]),
    ]);
    const { line, text } = await refusal(late);
    assert.equal(line, 3_002);
    assert.match(text, /not valid UTF-8/);
  });
});
