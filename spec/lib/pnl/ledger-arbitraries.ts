import * as fc from 'fast-check';
import type { Fixed } from '../../../lib/money/money.ts';
import { ONE, fixed } from '../../../lib/money/money.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import type { LedgerEntry, PortfolioTerms, TradeEntry } from '../../../lib/pnl/ledger/entry.ts';
import { COST_METHODS } from '../../../lib/pnl/ledger/cost-method.ts';
import { CASH_MODES, MOVEMENT_KINDS, compareOrder } from '../../../lib/pnl/ledger/entry.ts';
import type { Leg } from '../../../lib/pnl/ledger/leg.ts';
import { legsOf } from '../../../lib/pnl/ledger/leg.ts';
import type { AssetState, FoldOptions } from '../../../lib/pnl/ledger/position.ts';
import { emptyState, foldLegs } from '../../../lib/pnl/ledger/position.ts';

/** Random ledgers, and the plain way of folding them, for the specs of this folder. */

export const BASE = 'KRW';
const COINS = ['BTC', 'ETH', 'XRP'];
const MONIES = ['KRW', 'USDT'];

/** Any amount with up to 18 decimals: dust, everyday and huge ones alike. */
export const amount: fc.Arbitrary<Fixed> = fc.oneof(
  fc.bigInt({ min: 1n, max: 10n ** 12n }),
  fc.bigInt({ min: 10n ** 14n, max: 10n ** 21n }),
  fc.integer({ min: 1, max: 20 }).map((units) => BigInt(units) * ONE),
);

export const price: fc.Arbitrary<Fixed> = fc.oneof(
  fc.bigInt({ min: 1n, max: 10n ** 15n }),
  fc.bigInt({ min: 10n ** 17n, max: 10n ** 26n }),
);

const time = fc.integer({ min: 0, max: 40 }).map((step) => Date.UTC(2024, 0, 1) + step * 3_600_000);

const feeAmount = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 1n, max: 10n ** 17n }) },
  { weight: 1, arbitrary: amount },
  { weight: 1, arbitrary: fc.bigInt({ min: -(10n ** 16n), max: -1n }) },
);

function rateFor(asset: string): fc.Arbitrary<Fixed> {
  return asset === BASE ? fc.constant(ONE) : price;
}

const trade: fc.Arbitrary<Omit<TradeEntry, 'id' | 'tie'>> = fc
  .tuple(
    // The base currency itself is traded now and then: `KRW/USDT`.
    fc.constantFrom(...COINS, ...COINS, 'USDT', BASE),
    fc.constantFrom(...MONIES),
    fc.constantFrom('KRW', 'USDT', 'BNB', 'BTC', 'base'),
  )
  .filter(([base, quote]) => base !== quote)
  .chain(([base, quote, feeIn]) =>
    fc.record({
      kind: fc.constant('trade' as const),
      base: fc.constant(base),
      quote: fc.constant(quote),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      quantity: amount,
      price,
      fee: fc.option(feeAmount.map((fee) => ({ amount: fee, currency: feeIn === 'base' ? base : feeIn }))),
      quoteRate: rateFor(quote),
      // A fee without a price, which spoils nothing but itself.
      feeRate: fc.option(price),
      time,
    }),
  );

const movement = fc.constantFrom(...COINS, BASE, BASE, 'USDT', 'BNB').chain((asset) =>
  fc
    .record({
      kind: fc.constantFrom(...MOVEMENT_KINDS),
      asset: fc.constant(asset),
      quantity: amount,
      unitValue: rateFor(asset),
      unpriced: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn < 3),
      negative: fc.boolean(),
      time,
    })
    .map(({ unpriced, negative, ...entry }) => ({
      ...entry,
      quantity: negative && entry.kind === 'adjustment' ? -entry.quantity : entry.quantity,
      // These spoil nothing but themselves either.
      unitValue:
        unpriced && asset !== BASE && ['income', 'fee', 'rebate'].includes(entry.kind)
          ? null
          : entry.unitValue,
    })),
);

const convert = fc
  .shuffledSubarray([...COINS, 'USDT', 'BNB', BASE], { minLength: 2, maxLength: 5 })
  .chain(([target = BASE, ...given]) =>
    fc.record({
      kind: fc.constant('convert' as const),
      asset: fc.constant(target),
      quantity: amount,
      unitValue: rateFor(target),
      sources: fc.boolean().chain((told) =>
        fc.tuple(
          ...given.map((asset) =>
            fc.record({
              asset: fc.constant(asset),
              quantity: amount,
              received: told ? amount : fc.constant(null),
              unitValue: rateFor(asset),
            }),
          ),
        ),
      ),
      time,
    }),
  );

const ownTransfer = fc.constantFrom(...COINS, BASE, 'USDT').chain((asset) =>
  fc.record({
    kind: fc.constant('transfer' as const),
    asset: fc.constant(asset),
    quantity: amount,
    fee: fc.option(fc.record({ amount, currency: fc.constantFrom(asset, BASE, 'BNB') })),
    time,
  }),
);

/** Entries in arrival order, which is not ledger order. */
export const ledger: fc.Arbitrary<LedgerEntry[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: trade },
      { weight: 3, arbitrary: movement },
      { weight: 1, arbitrary: convert },
      { weight: 1, arbitrary: ownTransfer },
    ),
    { maxLength: 40 },
  )
  .map((entries) =>
    entries.map((entry, index): LedgerEntry => {
      const id = `e${index}`;
      return { ...entry, id, tie: id };
    }),
  );

export const terms: fc.Arbitrary<PortfolioTerms> = fc.record({
  baseCurrency: fc.constant(BASE),
  costMethod: fc.constantFrom<CostMethod>(...COST_METHODS),
  cashMode: fc.constantFrom(...CASH_MODES),
  simulated: fc.constant(false),
});

/** The legs of a ledger by asset, in ledger order. */
export function legsByAsset(entries: readonly LedgerEntry[], portfolio: PortfolioTerms): Map<string, Leg[]> {
  const legs = new Map<string, Leg[]>();
  for (const entry of [...entries].sort(compareOrder)) {
    for (const leg of legsOf(entry, portfolio)) legs.set(leg.asset, [...(legs.get(leg.asset) ?? []), leg]);
  }
  return legs;
}

/** Every asset's state, each folded from nothing. */
export function foldAll(
  entries: readonly LedgerEntry[],
  portfolio: PortfolioTerms,
  options: FoldOptions = {},
): AssetState[] {
  return [...legsByAsset(entries, portfolio)].map(([asset, legs]) =>
    foldLegs(emptyState(asset), legs, portfolio.costMethod, options),
  );
}

let serial = 0;

/** A trade for specs that need one by hand. Prices and amounts are plain decimal text. */
export function tradeOf(
  side: 'buy' | 'sell',
  quantity: string,
  at: string,
  options: {
    symbol?: string;
    fee?: [string, string];
    time?: number;
    quoteRate?: Fixed | null;
    feeRate?: Fixed | null;
    id?: string;
  } = {},
): TradeEntry {
  serial += 1;
  const [base = 'BTC', quote = BASE] = (options.symbol ?? 'BTC/KRW').split('/');
  const [feeAmountText, currency] = options.fee ?? [];
  const id = options.id ?? `t${String(serial).padStart(6, '0')}`;
  return {
    id,
    tie: id,
    kind: 'trade',
    time: options.time ?? Date.UTC(2024, 0, 1) + serial * 1000,
    base,
    quote,
    side,
    quantity: fixed(quantity),
    price: fixed(at),
    fee:
      feeAmountText === undefined || currency === undefined
        ? null
        : { amount: fixed(feeAmountText), currency },
    quoteRate: options.quoteRate === undefined ? (quote === BASE ? ONE : null) : options.quoteRate,
    feeRate: options.feeRate ?? null,
  };
}
