import {
  createPortfolio,
  type Portfolio,
  type PortfolioSettings,
} from '../../../db/ledger/portfolios/portfolios.ts';
import { createUser } from '../../../db/users/users.ts';
import type { Database } from '../../../db/connection/database.ts';
import type { TradeDraft, TransferDraft } from '../../../db/ledger/entries/stored-entry.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { encodeState } from '../../../lib/pnl/ledger/position.ts';
import { fixed, ONE } from '../../../lib/money/money.ts';
import type { Clock } from '../../../lib/clock.ts';

export const NOON = Date.UTC(2026, 0, 15, 12);
const never = (): never => {
  throw new Error('no timers here');
};
/** A clock that stands still at noon. */
export const clock: Clock = { now: () => NOON, monotonic: () => 0, after: never, every: never };

let users = 0;

export async function newPortfolio(
  db: Database,
  settings: Partial<PortfolioSettings> = {},
  email = `user${(users += 1)}@example.org`,
): Promise<Portfolio> {
  const account = {
    email,
    name: null,
    passwordHash: 'x',
    role: 'trader',
  } as const;
  const user = await createUser(db, account, { clock });
  const defaults = {
    name: 'Main',
    baseCurrency: 'KRW',
    costMethod: 'average',
    timeZone: 'Asia/Seoul',
    benchmark: null,
    cashMode: 'tracked',
    simulated: false,
  } as const;
  return await createPortfolio(db, user.id, { ...defaults, ...settings }, { clock });
}

export function trade(
  externalId: string | null,
  minute: number,
  quantity: string,
  more: Partial<TradeDraft> = {},
): TradeDraft {
  return {
    kind: 'trade',
    exchange: 'upbit',
    externalId,
    time: NOON + minute * 60_000,
    base: 'BTC',
    quote: 'KRW',
    side: quantity.startsWith('-') ? 'sell' : 'buy',
    quantity: fixed(quantity.replace('-', '')),
    price: fixed('50000000'),
    fee: null,
    quoteRate: ONE,
    feeRate: null,
    orderId: null,
    orderType: null,
    note: null,
    tags: [],
    ...more,
  };
}

export function deposit(
  externalId: string | null,
  minute: number,
  quantity: string,
  more: Partial<TransferDraft> = {},
): TransferDraft {
  return {
    kind: 'deposit',
    exchange: 'upbit',
    externalId,
    time: NOON + minute * 60_000,
    asset: 'KRW',
    quantity: fixed(quantity),
    unitCost: null,
    unitValue: ONE,
    orderId: null,
    note: null,
    tags: [],
    ...more,
  };
}

/** The positions as text: equal text, equal positions. */
export async function positionsText(db: Database, portfolioId: string): Promise<string> {
  const { states } = await loadPositions(db, portfolioId, { lots: true });
  return JSON.stringify(states.map(encodeState), null, 1);
}
