import assert from 'node:assert/strict';
import { inShort } from '../read-text.ts';

function kraken(pair: string, margin = '0'): string {
  return `txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers\nT1,O1,${pair},2024-01-01 00:00:00,buy,limit,2,2,0,1,${margin},,\n`;
}

function binance(pair: string): string {
  return `Date(UTC),Pair,Type,Price,Amount,Total,Fee,Fee Coin\n2024-01-01 00:00:00,${pair},BUY,2,1,2,0,BNB\n`;
}

describe('pairs without a separator', () => {
  for (const [name, symbol] of [
    ['XTZEUR', 'XTZ/EUR'],
    ['XTZUSD', 'XTZ/USD'],
    ['XTZETH', 'XTZ/ETH'],
    ['CHZUSD', 'CHZ/USD'],
    ['CHZEUR', 'CHZ/EUR'],
    ['TRXETH', 'TRX/ETH'],
    ['SNXXBT', 'SNX/BTC'],
    ['SNXETH', 'SNX/ETH'],
    ['XXBTZEUR', 'BTC/EUR'],
    ['XETHXXBT', 'ETH/BTC'],
    ['XXDGXXBT', 'DOGE/BTC'],
    ['XICNXXBT', 'ICN/BTC'],
    ['ZEURZUSD', 'EUR/USD'],
    ['USDTZUSD', 'USDT/USD'],
    ['XBTUSDT', 'BTC/USDT'],
    ['XDGEUR', 'DOGE/EUR'],
    ['PYUSDUSD', 'PYUSD/USD'],
    ['XBT/PYUSD', 'BTC/PYUSD'],
  ] as const) {
    it(`of Kraken are split where their assets end: ${name}`, async () => {
      assert.deepEqual(await inShort(kraken(name)), [`buy ${symbol} 1`]);
    });
  }

  it('of Kraken are asked about where two splits are possible', async () => {
    assert.deepEqual(await inShort(kraken('XBTPYUSD')), ['? ambiguous-pair BTC/PYUSD or XBTPY/USD']);
    assert.deepEqual(await inShort(kraken('XABCXXBT')), ['? ambiguous-pair ABC/BTC or XABCX/BTC']);
    assert.deepEqual(await inShort(kraken('XBTPYUSD', '10')), ['! pair not-a-pair']);
    assert.deepEqual(await inShort(kraken('ABCXYZ')), ['! pair not-a-pair']);
  });

  for (const [name, symbol] of [
    ['BTCBKRW', 'BTC/BKRW'],
    ['USDTBKRW', 'USDT/BKRW'],
    ['USDTBIDR', 'USDT/BIDR'],
    ['BTCUST', 'BTC/UST'],
    ['BTCUSDS', 'BTC/USDS'],
    ['ADAEUR', 'ADA/EUR'],
    ['BTCAEUR', 'BTC/AEUR'],
    ['BTCGBP', 'BTC/GBP'],
  ] as const) {
    it(`of Binance are split where their assets end: ${name}`, async () => {
      assert.deepEqual(await inShort(binance(name)), [`buy ${symbol} 1`]);
    });
  }

  it('of Binance are asked about where two splits are possible', async () => {
    assert.deepEqual(await inShort(binance('USDCBGBP')), ['? ambiguous-pair USDC/BGBP or USDCB/GBP']);
  });
});
