import assert from 'node:assert/strict';
import { SymbolClaims } from '../../../../streams/market/feeds/symbol-claims.ts';

describe('symbols that are needed', () => {
  it('belong to the first feed whose exchange lists them, once that is known', () => {
    const claims = new SymbolClaims([
      { name: 'a', symbols: ['BTC/KRW'] },
      { name: 'b', symbols: ['ETH/KRW'] },
    ]);
    claims.lists('b', ['BTC/KRW', 'XRP/KRW', 'SOL/KRW']);
    assert.equal(claims.claim('b', 'XRP/KRW'), false, 'the first may list it');
    claims.lists('a', ['XRP/KRW', 'ETH/KRW']);
    assert.equal(claims.claim('b', 'XRP/KRW'), false);
    assert.equal(claims.claim('a', 'XRP/KRW'), true);
    assert.equal(claims.claim('a', 'XRP/KRW'), true, 'it has it already');
    assert.equal(claims.claim('b', 'SOL/KRW'), true);
    assert.equal(claims.claim('a', 'ETH/KRW'), false, 'the other was told to bring it');
    assert.equal(claims.claim('b', 'BTC/KRW'), false);
    assert.equal(claims.claim('a', 'NO/KRW'), false);
  });
});
