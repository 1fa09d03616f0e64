import assert from 'node:assert/strict';
import { decimal, fixed } from '../../../../lib/money/money.ts';
import type { PriceSource, Rate } from '../../../../lib/pnl/valuation/valuation.ts';
import { indexSymbols, rateOf } from '../../../../lib/pnl/valuation/valuation.ts';

type Quotes = Record<string, [price: string, time?: number]>;

function source(quotes: Quotes): PriceSource {
  return (symbol) => {
    const quote = quotes[symbol];
    return quote === undefined ? null : { price: fixed(quote[0]), time: quote[1] ?? 0 };
  };
}

function valued(asset: string, quotes: Quotes, base = 'KRW'): Rate | null {
  return rateOf(asset, base, source(quotes), indexSymbols(Object.keys(quotes)));
}

const shown = (rate: Rate | null): unknown => rate && [decimal(rate.rate), rate.time, rate.path];

describe('the rate of an asset in the base currency', () => {
  it('goes straight where it can, even if another way would be newer', () => {
    const quotes: Quotes = { 'BTC/KRW': ['100', 5], 'BTC/USDT': ['1', 9], 'USDT/KRW': ['99', 9] };
    assert.deepEqual(shown(valued('BTC', quotes)), ['100', 5, ['BTC/KRW']]);
  });

  it('goes straight the other way round', () => {
    assert.deepEqual(shown(valued('USDT', { 'KRW/USDT': ['0.0008', 3] })), ['1250', 3, ['KRW/USDT']]);
  });

  it('goes through two symbols and is as old as the older price', () => {
    const quotes: Quotes = { 'BTC/USDT': ['50', 9], 'USDT/KRW': ['1300', 4] };
    assert.deepEqual(shown(valued('BTC', quotes)), ['65000', 4, ['BTC/USDT', 'USDT/KRW']]);
  });

  it('is as old as the first of two prices where that is the older one', () => {
    assert.equal(valued('BTC', { 'BTC/USDT': ['50', 4], 'USDT/KRW': ['1300', 9] })?.time, 4);
  });

  it('goes through two symbols in any of their directions', () => {
    const quotes: Quotes = { 'KRW/USDT': ['0.001'], 'USDT/BTC': ['0.02'] };
    assert.deepEqual(shown(valued('BTC', quotes)), ['50000', 0, ['USDT/BTC', 'KRW/USDT']]);
  });

  it('takes the same one of several ways on every node', () => {
    const quotes: Quotes = {
      'BTC/USDT': ['2'],
      'USDT/KRW': ['3'],
      'BTC/ETH': ['5'],
      'ETH/KRW': ['7'],
    };
    assert.deepEqual(valued('BTC', quotes)?.path, ['BTC/ETH', 'ETH/KRW']);
    const reversed = indexSymbols(Object.keys(quotes).toReversed());
    assert.deepEqual(rateOf('BTC', 'KRW', source(quotes), reversed)?.path, ['BTC/ETH', 'ETH/KRW']);
  });

  it('passes over a way that lacks a price', () => {
    const symbols = indexSymbols(['BTC/KRW', 'BTC/ETH', 'ETH/KRW', 'BTC/USDT', 'USDT/KRW']);
    const prices = source({ 'BTC/ETH': ['5'], 'BTC/USDT': ['2'], 'USDT/KRW': ['3'] });
    assert.deepEqual(rateOf('BTC', 'KRW', prices, symbols)?.path, ['BTC/USDT', 'USDT/KRW']);
  });

  it('does not go through three symbols, nor divide by a price of nothing', () => {
    assert.equal(valued('A', { 'A/B': ['1'], 'B/C': ['1'], 'C/KRW': ['1'] }), null);
    assert.equal(valued('A', { 'KRW/A': ['0'] }), null);
    assert.equal(valued('A', {}), null);
  });

  it('is one for the base currency, without any price', () => {
    assert.deepEqual(shown(valued('KRW', {})), ['1', null, []]);
  });
});
