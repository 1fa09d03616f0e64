import * as fc from 'fast-check';
import type { EntryDraft } from '../../../db/ledger/entries/stored-entry.ts';
import { fixed } from '../../../lib/money/money.ts';
import { deposit, trade } from './fixture.ts';

/** Entries of a few assets, kinds and instants: late ones, equal times, oversold and flat holdings, every kind of fee. */
const shape = fc.record({
  number: fc.nat(999),
  minute: fc.nat(60),
  base: fc.constantFrom('BTC', 'BTC', 'ETH'),
  quote: fc.constantFrom('KRW', 'KRW', 'USDT'),
  kind: fc.constantFrom(
    ...(['buy', 'buy', 'buy', 'buy', 'sell', 'sell'] as const),
    ...(['deposit', 'withdrawal', 'income', 'fee', 'rebate', 'adjustment'] as const),
    ...(['convert', 'transfer', 'redenomination'] as const),
  ),
  quantity: fc.constantFrom('1', '0.3', '2.000000000000000007', '7', '0.0000000001'),
  price: fc.constantFrom('100', '99.99', '31.4159', '100'),
  fee: fc.constantFrom(null, 'KRW', 'BTC', 'BNB'),
});

export type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

export function shapes(constraints: { minLength: number; maxLength: number }): fc.Arbitrary<Shape[]> {
  return fc.uniqueArray(shape, { selector: ({ number }) => number, ...constraints });
}

export function draftOf({ number, minute, base, quote, kind, quantity, price, fee }: Shape): EntryDraft {
  const asset = fee === 'KRW' ? 'KRW' : base;
  if (kind === 'convert') return conversion({ number, minute, base, quote, quantity, price });
  if (kind === 'transfer') {
    const {
      unitCost: _,
      unitValue: __,
      kind: ___,
      ...moved
    } = deposit(`x${number}`, minute, quantity, { asset });
    const paid = fee === null ? null : { amount: fixed('0.05'), currency: fee };
    return { ...moved, kind, fee: paid, account: 'here', toAccount: 'there' };
  }
  if (kind === 'redenomination') {
    const { unitCost: _, unitValue: __, kind: ___, ...change } = deposit(`x${number}`, minute, '1');
    const per = fixed(price === '100' ? '1' : '3');
    return { ...change, kind, asset: base, from: base, quantity: fixed(quantity), per };
  }
  if (kind === 'adjustment') {
    const amount = fixed(price === '99.99' ? `-${quantity}` : quantity);
    return {
      ...deposit(`x${number}`, minute, '1', { kind, asset, unitValue: fixed(price) }),
      quantity: amount,
    };
  }
  if (kind !== 'buy' && kind !== 'sell') {
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

/** Several assets, cash among them, turned into one. */
function conversion({
  number,
  minute,
  base,
  quote,
  quantity,
  price,
}: Pick<Shape, 'number' | 'minute' | 'base' | 'quote' | 'quantity' | 'price'>): EntryDraft {
  const { kind: _, ...rest } = deposit(`x${number}`, minute, quantity, {
    asset: base,
    unitValue: fixed(price),
  });
  const given = ['BNB', ...(quote === 'USDT' ? ['USDT'] : []), ...(number % 3 === 0 ? ['KRW'] : [])];
  const sources = given.map((asset) => ({
    asset,
    quantity: fixed('0.4'),
    received: null,
    unitValue: fixed(asset === 'KRW' ? '1' : '777.7'),
  }));
  return { ...rest, kind: 'convert', sources };
}
