import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { text as wholeText } from 'node:stream/consumers';
import { csvStream } from '../../../lib/csv/csv-stream.ts';
import { hold, turnsOf } from '../../support/turns.ts';

const columns = [
  {
    name: 'n',
    korean: '번호',
    kind: 'plain' as const,
    value({ n }: { n: number }) {
      hold(0.05);
      return String(n);
    },
  },
];

describe('a CSV file that is written', () => {
  it('lets others have a turn in the midst of a page, however long it is', async () => {
    const rows = Array.from({ length: 4_000 }, (_, n) => ({ n }));
    const { turns, result } = await turnsOf(() =>
      wholeText(csvStream([rows], { columns, lang: 'en', bom: false })),
    );
    assert.equal(result.trimEnd(), ['n', ...rows.map(({ n }) => n)].join('\n'));
    assert.ok(turns >= 12, `${turns} turns`);
  });

  it('ends its pages when nobody reads on', async () => {
    const ended = new EventEmitter();
    const end = once(ended, 'end');
    async function* pages(): AsyncGenerator<{ n: number }[]> {
      try {
        for (let n = 0; ; n += 1) yield [{ n }];
      } finally {
        ended.emit('end');
      }
    }
    const stream = csvStream(pages(), { columns, lang: 'en', bom: false });
    for await (const chunk of stream) {
      assert.match(String(chunk), /^n/);
      break;
    }
    await end;
  });
});
