import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { TickRecord } from '../../../streams/channels/record.ts';
import type { PublicTradeBody } from '../../../lib/schemas/public-trade-schema.ts';
import type { TickerBody } from '../../../lib/schemas/ticker-schema.ts';
import { decodeMarketRecord, decodeShown, encodeRecord } from '../../../streams/channels/record-codec.ts';

/** Text that looks like the seams themselves. */
const hostile = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        '"',
        ',',
        ':',
        '\\',
        '{',
        '}',
        'null',
        ',"trade":',
        ',"loaded":',
        ',"late":',
        ',"judged":',
        '"by":[',
        '"ticker":',
        '{"symbol":"',
        '\n',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
);
const common = {
  symbol: fc.stringMatching(/^[A-Z0-9]{1,8}\/[A-Z0-9]{1,8}$/),
  price: hostile,
  time: hostile,
  exchange: fc.option(hostile),
  simulated: fc.boolean(),
};
const ticker: fc.Arbitrary<TickerBody> = fc.record({
  symbol: common.symbol,
  price: hostile,
  change: fc.option(hostile),
  changeRate: fc.option(hostile),
  high: hostile,
  low: hostile,
  volume: hostile,
  quoteVolume: hostile,
  time: hostile,
  asOf: hostile,
  exchange: fc.option(hostile),
  feed: fc.option(hostile),
  status: fc.constantFrom('live', 'stale', 'closed'),
  complete: fc.boolean(),
  simulated: fc.boolean(),
});
const trade: fc.Arbitrary<PublicTradeBody> = fc.record({
  symbol: common.symbol,
  tradeId: fc.option(hostile),
  side: fc.constantFrom('buy', 'sell', null),
  price: hostile,
  quantity: hostile,
  time: hostile,
  exchange: fc.option(hostile),
  simulated: fc.boolean(),
});
const loaded = fc.record({ symbol: common.symbol, from: fc.nat(), to: fc.nat() });
const late = fc.record({ price: hostile, time: hostile });
const by = fc.tuple(hostile, fc.nat());

describe('the text of a tick', () => {
  it('is cut into what parsing and writing it anew would give, whatever its strings hold', () => {
    fc.assert(
      fc.property(
        fc.option(ticker),
        fc.option(trade),
        fc.option(loaded, { nil: undefined }),
        fc.option(late, { nil: undefined }),
        fc.option(by, { nil: undefined }),
        fc.boolean(),
        (first, second, range, price, origin, judged) => {
          const record: TickRecord = {
            type: 'tick',
            ...(origin === undefined ? {} : { by: origin }),
            ticker: first,
            trade: second === null || first === null ? second : { ...second, symbol: first.symbol },
            ...(range === undefined ? {} : { loaded: range }),
            ...(price === undefined ? {} : { late: price }),
            ...(judged ? { judged } : {}),
          };
          assert.deepEqual(decodeShown(encodeRecord(record)), {
            type: 'tick',
            symbol: record.ticker?.symbol ?? record.trade?.symbol ?? '',
            ticker: record.ticker === null ? null : JSON.stringify(record.ticker),
            trade: record.trade === null ? null : JSON.stringify(record.trade),
          });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('names its writer before the bodies, where an earlier version does not look for them', () => {
    const record: TickRecord = { ticker: null, trade: null, by: ['node', 1], type: 'tick' };
    assert.equal(encodeRecord(record), '{"type":"tick","by":["node",1],"ticker":null,"trade":null}');
    assert.deepEqual(decodeMarketRecord(encodeRecord(record)), record);
  });

  it('is parsed when it is written otherwise', () => {
    for (const text of [
      '{"ticker":null,"trade":null,"type":"tick"}',
      '{"type":"tick","trade":null,"ticker":null}',
      '{"type":"tick","trade":null,"by":["node",1],"ticker":null}',
      '{"type":"tick","by":["node",1],"trade":null,"ticker":null}',
      '{"type":"tick","ticker":{"price":"1","symbol":"BTC/KRW"},"trade":null}',
      '{"type":"tick","ticker":{"symbol":"\\u0042TC/KRW"},"trade":null}',
    ]) {
      const { ticker: first = null, trade: second = null } = JSON.parse(text) as Partial<TickRecord>;
      assert.deepEqual(
        decodeShown(text),
        {
          type: 'tick',
          symbol: first?.symbol ?? '',
          ticker: first && JSON.stringify(first),
          trade: second && JSON.stringify(second),
        },
        text,
      );
    }
  });
});
