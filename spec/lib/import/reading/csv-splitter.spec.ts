import assert from 'node:assert/strict';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import {
  type CsvRow,
  CsvSplitter,
  CsvSyntaxError,
  MAX_COLUMNS,
  MAX_ROW,
} from '../../../../lib/import/reading/csv-splitter.ts';

/** @param cuts where the text is cut into pieces */
function split(text: string, delimiter = ',', cuts: readonly number[] = []): CsvRow[] {
  const splitter = new CsvSplitter({ delimiter, line: 1 });
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  const rows = places.slice(1).flatMap((to, index) => splitter.push(text.slice(places[index], to)));
  return [...rows, ...splitter.end()];
}

/** The cells that csv-parse finds; the cell that it gives up at, from 0. */
function oracle(text: string, delimiter: string): string[][] | number {
  try {
    return parse(text, { delimiter, record_delimiter: ['\r\n', '\n'], relax_column_count: true });
  } catch (error) {
    assert.ok(error instanceof CsvError);
    return Number(error['index']);
  }
}

function refusal(text: string, cuts: readonly number[] = []): CsvSyntaxError {
  try {
    split(text, ',', cuts);
  } catch (error) {
    assert.ok(error instanceof CsvSyntaxError, String(error));
    return error;
  }
  return assert.fail('it was taken');
}

describe('CSV text', () => {
  it('is split as csv-parse splits it, however it is cut, and refused at the same cell', () => {
    const text = fc
      .array(
        fc.constantFrom(
          'a',
          'bc',
          '"',
          '""',
          ',',
          ';',
          '\n',
          '\r\n',
          '\r',
          ' ',
          '한',
          '"x"',
          '"x,y"',
          '"\n"',
          '""""',
        ),
        {
          maxLength: 14,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(',', ';'),
        fc.array(fc.nat(), { maxLength: 4 }),
        (all, delimiter, cuts) => {
          const expected = oracle(all, delimiter);
          if (typeof expected === 'number') {
            try {
              split(all, delimiter, cuts);
            } catch (error) {
              assert.ok(error instanceof CsvSyntaxError, String(error));
              assert.equal(error.index, expected);
              return;
            }
            assert.fail('it was taken');
          }
          assert.deepEqual(
            split(all, delimiter, cuts).map(({ cells }) => cells),
            expected,
          );
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('tells the line that each row begins on', () => {
    const rows = split('a,"b\n\nc"\n\r\n"x"\r\n,\ny', ',', [5, 6, 7, 10]);
    assert.deepEqual(
      rows.map(({ line, cells }) => [line, cells.length]),
      [
        [1, 2],
        [4, 1],
        [5, 1],
        [6, 2],
        [7, 1],
      ],
    );
  });

  it('is refused when a row has too many cells, before the row has ended', () => {
    assert.equal(split(','.repeat(MAX_COLUMNS - 1))[0]?.cells.length, MAX_COLUMNS);
    const { line, index, message } = refusal(`a\n${','.repeat(MAX_COLUMNS)}`);
    assert.deepEqual([line, index, message], [2, MAX_COLUMNS, `The row has more than ${MAX_COLUMNS} cells.`]);
  });

  it('is refused when a row is too long, also before it has ended, and names the cell', () => {
    assert.equal(split(`${'x'.repeat(MAX_ROW - 1)}\n`).length, 1);
    for (const row of [
      `x,${'x'.repeat(MAX_ROW)}`,
      `x,${'x'.repeat(MAX_ROW)}\n`,
      `x,"${'x\n'.repeat(MAX_ROW / 2)}`,
    ]) {
      const { line, index, message } = refusal(`a\n${row}`, [MAX_ROW - 10]);
      assert.deepEqual([line, index], [2, 1]);
      assert.match(message, /longer than 131072 characters/);
    }
  });
});
