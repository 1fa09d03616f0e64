import * as fc from 'fast-check';
import type { EntryDraft } from '../../../db/ledger/stored-entry.ts';
import { fixed } from '../../../lib/money/money.ts';
import { deposit, trade } from './fixture.ts';

/** Entries of a few assets, kinds and instants: late ones, equal times, oversold and flat holdings, every kind of fee. */
const shape = fc.record({
  number: fc.nat(999),
  minute: fc.nat(60),
  base: fc.constantFrom('BTC', 'BTC', 'ETH'),
  quote: fc.constantFrom('KRW', 'KRW', 'USDT'),
  kind: fc.constantFrom('buy', 'buy', 'sell', 'deposit', 'withdrawal', 'income'),
  quantity: fc.constantFrom('1', '0.3', '2.000000000000000007', '7', '0.0000000001'),
  price: fc.constantFrom('100', '99.99', '31.4159', '100'),
  fee: fc.constantFrom(null, 'KRW', 'BTC', 'BNB'),
});

export type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

export function shapes(constraints: { minLength: number; maxLength: number }): fc.Arbitrary<Shape[]> {
  return fc.uniqueArray(shape, { selector: ({ number }) => number, ...constraints });
}

export function draftOf({ number, minute, base, quote, kind, quantity, price, fee }: Shape): EntryDraft {
  if (kind !== 'buy' && kind !== 'sell') {
    const asset = fee === 'KRW' ? 'KRW' : base;
    return deposit(`x${number}`, minute, quantity, { kind, asset, unitValue: fixed(price) });
  }
  return trade(`x${number}`, minute, quantity, {
    side: kind,
    base,
    quote,
    price: fixed(price),
    quoteRate: fixed(quote === 'KRW' ? '1' : '1390'),
    fee: fee === null ? null : { amount: fixed('0.05'), currency: fee },
    feeRate: fee === 'BNB' ? fixed('900000') : null,
  });
}
