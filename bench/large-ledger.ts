import type { TradeDraft } from '../db/ledger/entries/stored-entry.ts';
import type { Database } from '../db/connection/database.ts';
import { bookEntries } from '../db/ledger/ledger.ts';
import { createPortfolio } from '../db/ledger/portfolios/portfolios.ts';
import { createUser } from '../db/users/users.ts';
import { newId } from '../lib/id.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { fixed, ONE } from '../lib/money/money.ts';
import type { CostMethod } from '../lib/pnl/ledger/cost-method.ts';

/** A ledger of trades over some symbols (`C0/KRW`, `C1/KRW`, …), evenly over `days` days that end at `end`. */
export interface LedgerSize {
  trades: number;
  symbols: number;
  days: number;
  /** Entries per booking. */
  batch: number;
  /** Epoch milliseconds. */
  end: number;
}

const DAY_MS = 86_400_000;

/** One fill of a coin against KRW. `n` varies its price. */
export function fill(id: string, time: number, base: string, n: number, side: 'buy' | 'sell'): TradeDraft {
  return {
    kind: 'trade',
    exchange: 'bench',
    externalId: id,
    time: Math.floor(time),
    base,
    quote: 'KRW',
    side,
    quantity: fixed('0.00123456'),
    price: fixed(String(100_000 + ((n * 7_919) % 10_007))),
    fee: { amount: fixed('0.617'), currency: 'KRW' },
    quoteRate: ONE,
    feeRate: null,
    orderId: null,
    orderType: null,
    note: null,
    tags: [],
  };
}

/** The `n`-th trade of the ledger: three purchases, two sales, and so on. */
function nthTrade(n: number, { trades, symbols, days, end }: LedgerSize): TradeDraft {
  const time = end - days * DAY_MS * (1 - n / trades);
  return fill(`t${n}`, time, `C${n % symbols}`, n, n % 5 >= 3 ? 'sell' : 'buy');
}

/** A KRW portfolio of its own user. */
export async function newPortfolio(
  db: Database,
  costMethod: CostMethod,
): Promise<{ id: string; userId: string }> {
  const email = `${newId(clock)}@example.com`;
  const user = await createUser(db, { email, name: null, passwordHash: 'x', role: 'trader' }, { clock });
  const settings = {
    name: 'Bench',
    baseCurrency: 'KRW',
    costMethod,
    timeZone: 'Asia/Seoul',
    benchmark: null,
    cashMode: 'tracked',
    simulated: false,
  } as const;
  return { id: (await createPortfolio(db, user.id, settings, { clock })).id, userId: user.id };
}

/**
 * Books the ledger as the program does, batch by batch.
 * @param booked called after each batch with the number so far
 */
export async function bookLedger(
  db: Database,
  portfolioId: string,
  size: LedgerSize,
  booked: (count: number) => void = () => {},
): Promise<void> {
  for (let n = 0; n < size.trades; n += size.batch) {
    const count = Math.min(size.batch, size.trades - n);
    const drafts = Array.from({ length: count }, (_, k) => nthTrade(n + k, size));
    await bookEntries(db, portfolioId, drafts, { clock });
    booked(n + count);
  }
}
