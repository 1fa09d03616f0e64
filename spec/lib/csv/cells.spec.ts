import assert from 'node:assert/strict';
import { text as wholeText } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { csvStream } from '../../../lib/csv/csv-stream.ts';
import { neutralised, restored } from '../../../lib/csv/formula.ts';
import { joinTags, splitTags } from '../../../lib/csv/tag-list.ts';

const nasty = fc.string({
  unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', ';', '\\', 'a', '한', '＝', ' '),
});

describe('a cell of text', () => {
  it('does not begin with what a spreadsheet would run', () => {
    for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', "'=1", "''=1"]) {
      assert.equal(neutralised(text), `'${text}`);
    }
    for (const text of ['', 'a=1', "it's", "'quoted'", '1-1', ' =1', '비트코인']) {
      assert.equal(neutralised(text), text);
    }
  });

  it('can be given back as it was, whatever it was', () => {
    fc.assert(fc.property(nasty, (text) => restored(neutralised(text)) === text));
  });

  it('holds a list of tags that can be taken apart again', () => {
    fc.assert(
      fc.property(
        fc.array(
          nasty.filter((tag) => tag !== ''),
          { minLength: 1, maxLength: 5 },
        ),
        (tags) => {
          assert.deepEqual(splitTags(joinTags(tags)), tags);
        },
      ),
    );
    assert.deepEqual(splitTags(joinTags([])), []);
    assert.equal(joinTags(['a;b', 'c']), 'a\\;b;c');
  });

  it('is quoted where some spreadsheet would see its end, or lose a space of it, and only there', async () => {
    const cells = ['a;b', 'a\tb', 'a,b', 'a"b', 'a\nb', 'a\rb', ' a', 'a ', 'a b', '비트코인', ''];
    const columns = [
      { name: 'note', korean: '메모', kind: 'text' as const, value: (row: { note: string }) => row.note },
    ];
    const pages = [cells.map((note) => ({ note }))];
    assert.equal(
      await wholeText(csvStream(pages, { columns, lang: 'en', bom: false })),
      'note\n"a;b"\n"a\tb"\n"a,b"\n"a""b"\n"a\nb"\n"a\rb"\n" a"\n"a "\na b\n비트코인\n',
    );
  });
});
