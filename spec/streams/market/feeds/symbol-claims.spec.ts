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

  it('lead through a stablecoin where no exchange lists the pair: a rate of currencies', () => {
    const claims = new SymbolClaims([
      { name: 'upbit', symbols: ['BTC/KRW'] },
      { name: 'kraken', symbols: ['BTC/USD'] },
    ]);
    claims.lists('upbit', ['BTC/KRW', 'USDT/KRW', 'RARE/KRW']);
    assert.deepEqual(
      claims.wayOf('upbit', 'RARE/KRW'),
      ['RARE/KRW'],
      'the first may, whatever the others list',
    );
    assert.deepEqual(claims.wayOf('upbit', 'USD/KRW'), [], 'another may list the pair itself');
    claims.lists('upbit', ['BTC/KRW', 'USDT/KRW', 'USDT/USD']);
    assert.deepEqual(claims.wayOf('upbit', 'USD/KRW'), [], 'though this one leads there, too');
    claims.lists('upbit', ['BTC/KRW', 'USDT/KRW', 'RARE/KRW']);
    claims.lists('kraken', ['BTC/USD', 'USDT/USD', 'EUR/USD', 'USDT/KRW']);
    assert.deepEqual(claims.wayOf('upbit', 'USD/KRW'), ['USDT/KRW']);
    assert.deepEqual(claims.wayOf('kraken', 'USD/KRW'), ['USDT/USD']);
    assert.deepEqual(claims.wayOf('kraken', 'USD/EUR'), ['EUR/USD'], 'in either order');
    assert.deepEqual(claims.wayOf('kraken', 'BTC/USD'), ['BTC/USD'], 'it was told to');
    assert.deepEqual(claims.wayOf('kraken', 'BTC/KRW'), [], 'the other was');
    assert.deepEqual(claims.wayOf('kraken', 'NO/KRW'), []);
  });
});
