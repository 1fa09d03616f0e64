import assert from 'node:assert/strict';
import { isPasted, pastedRows } from '../../../../lib/import/reading/pasted-cells.ts';

const HEAD =
  '체결시간\n코인\n마켓\n종류\n거래수량\n거래단가\n거래금액\n수수료\n정산금액\n(수수료반영)\n주문시간\n';
const SALE =
  '2025.11.21\n09:00:06\nBTC\nKRW\n매도\n0.00100000\nBTC\n140,000,000\nKRW\n140,000\nKRW\n70\nKRW\n139,930\nKRW\n2025.11.21\n09:00:05\n';
const DEPOSIT = '2025.11.20 10:00:03\nKRW\nKRW\n입금\n1,000,000KRW\n-\n1,000,000KRW\n0KRW\n1,000,000KRW\n-\n';

async function rows(text: string, size = 7): Promise<[number, string[]][]> {
  async function* pieces(): AsyncGenerator<string> {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  let all = '';
  for await (const piece of pastedRows(pieces())) all += piece;
  return all
    .split('\n')
    .flatMap((line, index): [number, string[]][] => (line === '' ? [] : [[index + 1, line.split('\t')]]));
}

describe("Upbit's table, copied cell by cell", () => {
  it('is put together again, each row on the line where it begins', async () => {
    assert.ok(isPasted(HEAD));
    const [head, first, second, third] = await rows(HEAD + SALE + DEPOSIT + SALE);
    assert.equal(head?.[1].length, 10);
    assert.deepEqual(first, [
      12,
      [
        '2025.11.21 09:00:06',
        'BTC',
        'KRW',
        '매도',
        '0.00100000 BTC',
        '140,000,000 KRW',
        '140,000 KRW',
        '70 KRW',
        '139,930 KRW',
        '2025.11.21 09:00:05',
      ],
    ]);
    assert.deepEqual([second?.[0], second?.[1][3], second?.[1].at(-1)], [29, '입금', '-']);
    assert.deepEqual([third?.[0], third?.[1]], [39, first?.[1]]);
  });

  it('keeps lines that are no row together, so that they are refused and the next row is read', async () => {
    const broken = SALE.replace('70\nKRW\n', '');
    const found = await rows(HEAD + broken + SALE + DEPOSIT);
    const whole = found.filter(([, cells]) => cells.length === 10);
    assert.deepEqual(
      whole.map(([line]) => line),
      [1, 27, 44],
    );
    assert.ok(found.length > whole.length);
    assert.equal(found.flatMap(([, cells]) => cells).includes('139,930'), true);
  });

  it('is no other text', () => {
    assert.equal(isPasted('체결시간,코인,마켓,종류\n'), false);
    assert.equal(isPasted(''), false);
  });
});
