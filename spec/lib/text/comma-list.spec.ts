import assert from 'node:assert/strict';
import { commaList } from '../../../lib/text/comma-list.ts';

describe('a comma-separated list', () => {
  for (const [text, parts] of [
    ['BTC/KRW', ['BTC/KRW']],
    ['BTC/KRW,ETH/KRW', ['BTC/KRW', 'ETH/KRW']],
    [' a , b\t,,c,', ['a', 'b', 'c']],
    ['b,a,b', ['b', 'a']],
    [' , ', []],
    ['', []],
  ] as const) {
    it(`${JSON.stringify(text)} has the parts ${JSON.stringify(parts)}`, () => {
      assert.deepEqual(commaList(text), parts);
    });
  }
});
