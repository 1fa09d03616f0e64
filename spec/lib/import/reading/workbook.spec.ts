import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';
import { GENESIS } from '../../../../lib/epoch.ts';
import { readFile } from '../../../../lib/import/rows.ts';
import { plainNumber } from '../../../../lib/import/reading/amount.ts';
import { workbookText } from '../../../../lib/import/reading/workbook.ts';
import { Problem } from '../../../../lib/problem.ts';

const layout = (name: string): Buffer =>
  readFileSync(new URL(`../../../fixtures/layouts/${name}`, import.meta.url));

/** A zip of parts; `size` in the place of the true one. */
function zipOf(parts: Record<string, string | { data: Buffer; size?: number }>): Buffer {
  const bodies: Buffer[] = [];
  const heads: Buffer[] = [];
  let at = 0;
  for (const [name, part] of Object.entries(parts)) {
    const data = typeof part === 'string' ? Buffer.from(part) : part.data;
    const size = typeof part === 'string' ? data.length : (part.size ?? data.length);
    const packed = deflateRawSync(data);
    const file = Buffer.from(name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(data), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(size, 18);
    shared.writeUInt16LE(file.length, 22);
    const body = Buffer.concat([Buffer.from('PK\u0003\u0004'), shared, file, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    heads.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), shared, tail, file]));
    bodies.push(body);
    at += body.length;
  }
  const head = Buffer.concat(heads);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(heads.length, 8);
  end.writeUInt16LE(heads.length, 10);
  end.writeUInt32LE(head.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, head, end]);
}

async function textOf(bytes: Buffer): Promise<string> {
  let text = '';
  for await (const piece of workbookText(bytes)) text += piece;
  return text;
}

const sheet = (rows: string): string => `<worksheet><sheetData>${rows}</sheetData></worksheet>`;
const SHEET = 'xl/worksheets/sheet1.xml';

describe('an Excel workbook', () => {
  it('is read as the CSV file of the same rows is', async () => {
    const rowsOf = async (name: string): Promise<unknown[]> => {
      async function* one(): AsyncGenerator<Buffer> {
        yield layout(name).subarray(0, 1_000);
        yield layout(name).subarray(1_000);
      }
      const options = {
        charset: null,
        zone: null,
        earliest: GENESIS,
        latest: Date.UTC(2027, 0, 1),
        maxRows: 100,
      };
      const file = await readFile(one(), options);
      const rows: unknown[] = [];
      for await (const row of file.rows) rows.push(row);
      return [file.layout.format.name, ...rows];
    };
    const csv = await rowsOf('bithumb-period.csv');
    assert.equal(csv.length, 10);
    assert.deepEqual(await rowsOf('bithumb-period.xlsx'), csv);
  });

  it('shows texts, numbers and dates as the spreadsheet does, each row on its line', async () => {
    const bytes = zipOf({
      'xl/sharedStrings.xml':
        '<sst><si><t>a, "quoted" text</t></si><si><r><t>two</t></r><r><t> parts</t></r><rPh><t>no</t></rPh></si></sst>',
      'xl/styles.xml':
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/><numFmt numFmtId="165" formatCode="0.00&quot;d&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>',
      [SHEET]: sheet(
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row><row r="3"><c r="A3" s="1"><v>45615.338020833333</v></c><c r="B3" s="2"><v>0.30000000000000004</v></c><c r="C3"><v>1.7E-6</v></c><c r="D3" t="inlineStr"><is><t>in &amp; line</t></is></c></row>',
      ),
    });
    assert.equal(
      await textOf(bytes),
      '"a, ""quoted"" text",,two parts\n\n2024-11-19 08:06:45,3E-1,1.7E-6,in & line\n',
    );
  });

  it('gives typed numbers digit for digit, whatever decimal mark the texts beside them have', async () => {
    const numbers: [value: string, text: string][] = [
      ['1.234', '1.234E0'],
      ['-1234.5', '-1.2345E3'],
      ['0.001', '1E-3'],
      ['1E-18', '1E-18'],
      ['12345678.12345678', '1.234567812345678E7'],
      ['0.123456789012345678', '1.23456789012345678E-1'],
      ['12345678901234567', '12345678901234567'],
      ['1731978405123', '1731978405123'],
      // Doubles that a spreadsheet has written in full.
      ['0.10000000000000001', '1E-1'],
      ['1234.5599999999999', '1.23456E3'],
    ];
    const cells = numbers.map(([value]) => `<c><v>${value}</v></c>`).join('');
    const text = await textOf(zipOf({ [SHEET]: sheet(`<row r="1">${cells}</row>`) }));
    assert.deepEqual(
      text.trim().split(','),
      numbers.map(([, shown]) => shown),
    );
    for (const [value, shown] of numbers) {
      for (const mark of ['.', ',', null] as const) {
        const read = plainNumber(shown, mark);
        assert.ok(typeof read === 'string', `${shown} by ${mark}`);
        if (!/\d{17}/.test(value.replace('.', ''))) assert.equal(Number(read), Number(value));
      }
    }
  });

  it('of which one sheet holds something is read, whichever that is; of several it is asked for', async () => {
    const row = (text: string): string => sheet(`<row r="1"><c r="A1" t="str"><v>${text}</v></c></row>`);
    const book = {
      'xl/workbook.xml':
        '<workbook><sheets><sheet name="Trades" r:id="rId2"/><sheet name="Notes" r:id="rId1"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels':
        '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
    };
    const second = 'xl/worksheets/sheet2.xml';
    assert.equal(await textOf(zipOf({ ...book, [SHEET]: sheet(''), [second]: row('trades') })), 'trades\n');
    assert.equal(await textOf(zipOf({ ...book, [SHEET]: row('notes'), [second]: sheet('') })), 'notes\n');
    await assert.rejects(
      textOf(zipOf({ ...book, [SHEET]: row('notes'), [second]: row('trades') })),
      /several sheets \(Trades, Notes\)/,
    );
  });

  it('with a text or a tag that has no end is refused before it fills the memory', async () => {
    const endless = 'x'.repeat(2 ** 21);
    for (const part of [
      sheet(`<row r="1"><c r="A1" t="str"><v>${endless}</v></c></row>`),
      sheet(`<row r="1"><c r="A1" t="${endless}"><v>1</v></c></row>`),
    ]) {
      await assert.rejects(textOf(zipOf({ [SHEET]: part })), /cell of more than 1048576 characters/);
    }
  });

  it('that unpacks to more than there may be is refused, whatever it says of itself', async () => {
    const large = Buffer.alloc(65 * 2 ** 20, ' ');
    const row = '<row r="1"><c r="A1"><v>1</v></c></row>';
    const refusal = async (bytes: Buffer): Promise<string> => {
      try {
        await textOf(bytes);
      } catch (error) {
        assert.ok(error instanceof Problem, String(error));
        return error.message;
      }
      return assert.fail('it was taken');
    };
    const texts = { [SHEET]: sheet(row), 'xl/sharedStrings.xml': { data: large } };
    assert.match(await refusal(zipOf(texts)), /unpacks to more than 64 MiB/);
    const lying = { [SHEET]: sheet(row), 'xl/sharedStrings.xml': { data: large, size: 1_000 } };
    assert.match(await refusal(zipOf(lying)), /is damaged/);
    assert.match(await refusal(Buffer.from('PK\u0003\u0004rest')), /cannot be opened/);
    assert.match(await refusal(zipOf({ 'a.txt': 'x' })), /has no sheet/);
    assert.match(await refusal(zipOf({ [SHEET]: '<worksheet><row r="1">' })), /is damaged/);
    const wide = sheet('<row r="1"><c r="AAA1"><v>1</v></c></row>');
    assert.match(await refusal(zipOf({ [SHEET]: wide })), /more than 500 cells/);
    const entity = `<!DOCTYPE x [<!ENTITY a "aaaa">]>${sheet('<row r="1"><c r="A1" t="str"><v>&a;</v></c></row>')}`;
    assert.match(await refusal(zipOf({ [SHEET]: entity })), /is damaged/);
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`p${n}`, '']));
    assert.match(await refusal(zipOf(many)), /more than 1000 parts/);
  });
});
