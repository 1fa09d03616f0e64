import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  ASSET_PATTERN,
  assetFault,
  isAsset,
  isSymbol,
  normalAsset,
  splitSymbol,
  SYMBOL_PATTERN,
  symbolFault,
} from '../../lib/symbol.ts';

const LISTED = [
  'BTC',
  '1INCH',
  '1000SATS',
  'stETH',
  'kPEPE',
  'btc',
  'USDC.e',
  'ETH2.S',
  '$AI',
  'A',
  'BULL-3L',
  'TRUMP_SOL',
  '币安人生',
  '我踏马来了',
  'ÖKO',
  'Ω',
  '비트',
  'ビット',
];

describe('the code of an asset', () => {
  for (const code of LISTED) {
    it(`may be ${code}, as it is`, () => {
      assert.equal(isAsset(code), true);
      assert.equal(assetFault(code), null);
      assert.deepEqual(splitSymbol(`${code}/KRW`), { base: code, quote: 'KRW' });
    });
  }

  it('is one for all spellings that look the same', () => {
    assert.equal(normalAsset('ＢＴＣ'), 'BTC');
    assert.equal(normalAsset('O\u0308KO'), 'ÖKO');
    for (const other of ['ＢＴＣ', 'O\u0308KO']) {
      assert.equal(isAsset(other), false);
      assert.equal(assetFault(other), null, 'it is brought to the one spelling first');
    }
  });

  for (const [code, fault] of [
    ['', /not empty/],
    ['A'.repeat(21), /at most 20 characters/],
    ['BTC/KRW', /not a pair/],
    ['B TC', /without spaces/],
    ['-BTC', /begins with a letter or a digit/],
    ['.', /begins with a letter or a digit/],
    ['=BTC', /"=" cannot be part/],
    ['BTC,ETH', /"," cannot be part/],
    ['BTC:ETH', /":" cannot be part/],
    ['B*', /"\*" cannot be part/],
    ['🚀', /"🚀" cannot be part/],
    ['B\u202eTC', /"\u202e" cannot be part/],
    ['B\u0000', /cannot be part/],
    ['𠮷', /"𠮷" cannot be part/],
  ] as const) {
    it(`is not ${JSON.stringify(code)}, and it is said why`, () => {
      assert.equal(isAsset(code), false);
      assert.match(assetFault(code) ?? '', fault);
    });
  }

  it('says which side of a pair is wrong', () => {
    assert.equal(symbolFault('stETH/KRW'), null);
    assert.match(symbolFault('BTCKRW') ?? '', /^must be base\/quote/);
    assert.match(symbolFault('BTC/KRW/USD') ?? '', /^must be base\/quote/);
    assert.match(symbolFault('B*/KRW') ?? '', /its base must be .* "\*"/);
    assert.match(symbolFault('BTC/') ?? '', /its quote must be .* not empty/);
  });

  it('is wrong or right for every text, never both, and the documented pattern takes each that is right', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 24 }), (text) => {
        const code = normalAsset(text);
        assert.equal(assetFault(text) === null, isAsset(code));
        if (isAsset(code)) {
          assert.match(code, ASSET_PATTERN);
          assert.equal(isSymbol(`${code}/BTC`), true);
          assert.match(`${code}/BTC`, SYMBOL_PATTERN);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is sorted by SQL as by JavaScript: by its code points', () => {
    const code = fc.constantFrom(...LISTED, '豈', 'ﬄ', '힣').filter(isAsset);
    fc.assert(
      fc.property(code, code, (a, b) => {
        assert.equal(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))), a < b ? -1 : a === b ? 0 : 1);
      }),
    );
  });
});
