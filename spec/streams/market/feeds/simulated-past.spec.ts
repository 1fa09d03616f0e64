import assert from 'node:assert/strict';
import { DAY_MS } from '../../../../lib/candle-interval.ts';
import { fixed } from '../../../../lib/money/money.ts';
import { priceStep, SIMULATED_SYMBOLS } from '../../../../streams/market/feeds/simulated-market.ts';
import { simulatedPast } from '../../../../streams/market/feeds/simulated-past.ts';

const NOW = Date.parse('2026-11-26T01:46:08.123Z');
const ANCHOR = { symbol: 'BTC/KRW', time: NOW - 12 * DAY_MS, price: fixed('123456000') };

describe('the past of the simulated market', () => {
  const past = simulatedPast({ now: NOW, seed: 7, anchors: [ANCHOR] });
  const candles = [...past.days, ...past.minutes];
  const of = (symbol: string) =>
    candles.filter((candle) => candle.symbol === symbol).sort((a, b) => a.closeTime - b.closeTime);

  it('is the same from the same seed, and another from another', () => {
    assert.deepEqual(simulatedPast({ now: NOW, seed: 7, anchors: [ANCHOR] }), past);
    assert.notDeepEqual(simulatedPast({ now: NOW, seed: 8, anchors: [ANCHOR] }), past);
  });

  it('is made up, says so, and looks like a market', () => {
    for (const { open, high, low, close, volume, trades, simulated } of candles) {
      assert.ok(simulated);
      assert.ok(low > 0n && low <= open && low <= close && high >= open && high >= close);
      assert.ok(volume > 0n && trades > 0);
      for (const price of [open, high, low, close]) assert.equal(price % priceStep(price), 0n);
    }
  });

  it('goes on from candle to candle without a gap, to where the simulator begins', () => {
    for (const { symbol, price, dailyVolatility } of SIMULATED_SYMBOLS) {
      const own = of(symbol);
      own.slice(1).forEach(({ open }, index) => assert.equal(open, own[index]?.close));
      const last = own.at(-1);
      assert.equal(last?.close, fixed(price));
      const age = NOW - (last?.closeTime ?? 0);
      assert.ok(age > 0 && age <= 60_000, `${age} ms`);
      assert.ok(NOW - (own[0]?.time ?? NOW) > 365 * DAY_MS);
      for (const { close } of own) {
        const away = Math.log(Number(close) / Number(fixed(price)));
        assert.ok(Math.abs(away) < 40 * dailyVolatility, `${symbol}: e^${away} from home`);
      }
    }
  });

  it('passes what was paid', () => {
    const next = of('BTC/KRW').find(({ closeTime }) => closeTime >= ANCHOR.time - 1);
    assert.equal(next?.close, ANCHOR.price);
  });
});
