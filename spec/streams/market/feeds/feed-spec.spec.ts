import assert from 'node:assert/strict';
import { openFeed } from '../../../../streams/market/feeds/open-feed.ts';
import { parseFeedSpec, parseFeedSpecs } from '../../../../streams/market/feeds/feed-spec.ts';
import { quiet } from '../../../support/log-watch.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

describe('MARKET_FEED', () => {
  it('names a feed without more', () => {
    for (const kind of ['simulator', 'push', 'none'] as const)
      assert.deepEqual(parseFeedSpec(kind), { kind });
  });

  it('names a file to replay, with its symbol', () => {
    assert.deepEqual(parseFeedSpec('replay:data/a b.csv?symbol=ETH/USDT&exchange=binance'), {
      kind: 'replay',
      path: 'data/a b.csv',
      symbol: 'ETH/USDT',
      exchange: 'binance',
    });
    assert.deepEqual(parseFeedSpec('replay:C:\\trades.csv?symbol=XRP/ETH'), {
      kind: 'replay',
      path: 'C:\\trades.csv',
      symbol: 'XRP/ETH',
      exchange: null,
    });
  });

  it('names an exchange, symbols, and servers that stand in', () => {
    const text = 'ccxt:upbit?symbols=BTC/KRW,ETH/KRW,BTC/KRW&ws=ws://127.0.0.1:9/&rest=http://127.0.0.1:9';
    assert.deepEqual(parseFeedSpec(text), {
      kind: 'ccxt',
      exchange: 'upbit',
      symbols: ['BTC/KRW', 'ETH/KRW'],
      channel: 'trades',
      ws: 'ws://127.0.0.1:9',
      rest: 'http://127.0.0.1:9',
    });
  });

  it('names several feeds, of which the first one that names a symbol brings its prices', () => {
    const specs = parseFeedSpecs(
      'ccxt:upbit?symbols=BTC/KRW,ETH/KRW,ccxt:bithumb?symbols=ETH/KRW,XRP/KRW&channel=ticker,push',
    );
    assert.deepEqual(
      specs.map((spec) => (spec.kind === 'ccxt' ? [spec.exchange, ...spec.symbols] : [spec.kind])),
      [['upbit', 'BTC/KRW', 'ETH/KRW'], ['bithumb', 'XRP/KRW'], ['push']],
    );
    assert.deepEqual(parseFeedSpecs('simulator'), [{ kind: 'simulator' }]);
  });

  for (const [text, message] of [
    ['simulator,push', /simulator cannot run beside another feed/],
    ['push,none', /none cannot run beside/],
    ['ccxt:upbit?symbols=A/KRW,replay:a.csv?symbol=A/B', /replay cannot run beside/],
    ['ccxt:upbit?symbols=A/KRW,ccxt:upbit?symbols=B/KRW', /ccxt:upbit is named twice/],
    ['ccxt:upbit?symbols=A/KRW,ccxt:bithumb?symbols=A/KRW', /every symbol of ccxt:bithumb is named/],
    ['push,ccxt:upbit', /symbols=/],
    [Array.from({ length: 9 }, (_, at) => `ccxt:e${at}?symbols=A${at}/KRW`).join(), /at most 8 feeds/],
  ] as const) {
    it(`refuses the list ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.throws(() => parseFeedSpecs(text), { name: 'RangeError', message });
    });
  }

  for (const [text, message] of [
    ['', /not a feed/],
    ['upbit', /not a feed/],
    ['replay:', /needs the path/],
    ['replay:a.csv', /symbol=/],
    ['replay:a.csv?symbol=ETH-USDT', /not a symbol/],
    ['replay:a.csv?symbol=ETH/USDT&speed=3', /unknown parameter speed=/],
    ['ccxt:?symbols=BTC/KRW', /exchange id/],
    ['ccxt:upbit', /symbols=/],
    ['ccxt:upbit?symbols=BTC/KRW&ws=http://a', /not a ws:/],
    ['ccxt:upbit?symbols=BTC/KRW&rest=ftp://a', /not a http:/],
    ['ccxt:upbit?symbols=BTC/KRW&channel=book', /trades or ticker/],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseFeedSpec(text), { name: 'RangeError', message });
    });
  }

  it('opens each kind under its name', async () => {
    const options = { clock: new VirtualClock(), random: () => 0.5, log: quiet, replaySpeed: 1 };
    for (const [text, feed] of [
      ['simulator', 'simulator'],
      ['push', 'push'],
      ['none', 'none'],
      ['replay:a.csv?symbol=A/B', 'replay'],
      ['ccxt:upbit?symbols=BTC/KRW', 'ccxt:upbit'],
    ] as const) {
      const opened = openFeed(parseFeedSpec(text), options);
      assert.equal(opened.status().feed, feed);
      assert.equal(opened.status().state, 'starting');
      await opened.close();
      assert.equal(opened.status().state, 'ended');
    }
  });
});
