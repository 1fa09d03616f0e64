import { randomBytes } from 'node:crypto';
import type { Database } from '../db/connection/database.ts';
import type { TradeDraft, TransferDraft } from '../db/ledger/entries/stored-entry.ts';
import { bookEntries } from '../db/ledger/ledger.ts';
import { createPortfolio, listPortfolios } from '../db/ledger/portfolios/portfolios.ts';
import { upsertCandles, upsertDays } from '../db/market/candles.ts';
import { candleSymbols } from '../db/market/closes.ts';
import { recordAudit } from '../db/users/audit.ts';
import { revokeUserSessions } from '../db/users/sessions.ts';
import { createUser, findCredentials, hasAdmin, holdCredentials, updateUser } from '../db/users/users.ts';
import { DEMO_LOGIN } from '../routes/service/health.ts';
import type { Services } from '../routes/http/handler-services.ts';
import { publishControl } from '../streams/fleet/authority.ts';
import { simulatedPast } from '../streams/market/feeds/simulated-past.ts';
import type { Clock } from '../lib/clock.ts';
import { fixed, ONE } from '../lib/money/money.ts';
import { hashPassword } from '../lib/tokens/password.ts';
import { Problem } from '../lib/problem.ts';

/** Creates the first administrator. @returns the password if it was generated, to be shown once */
export async function ensureAdmin({ db, clock, config }: Services): Promise<string | null> {
  if (await hasAdmin(db)) return null;
  const password = config.ADMIN_PASSWORD ?? randomBytes(15).toString('base64url');
  const passwordHash = await hashPassword(password);
  try {
    await createUser(
      db,
      { email: config.ADMIN_EMAIL, name: 'Administrator', passwordHash, role: 'admin' },
      { clock },
    );
  } catch (error) {
    if (!(error instanceof Problem && error.slug === 'conflict')) throw error;
    // Another node was quicker.
    if (await hasAdmin(db)) return null;
    throw new Error(
      `ADMIN_EMAIL: ${config.ADMIN_EMAIL} belongs to a user who is not an active administrator: set another address`,
      {
        cause: error,
      },
    );
  }
  return config.ADMIN_PASSWORD === undefined ? password : null;
}

interface DemoFill {
  base: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  daysAgo: number;
}

/** A month of trades at prices close to where the simulator starts. */
const DEMO_FILLS: readonly DemoFill[] = [
  { base: 'BTC', side: 'buy', quantity: '0.08', price: '147500000', daysAgo: 28 },
  { base: 'ETH', side: 'buy', quantity: '2', price: '5050000', daysAgo: 26 },
  { base: 'XRP', side: 'buy', quantity: '2500', price: '3720', daysAgo: 21 },
  { base: 'BTC', side: 'sell', quantity: '0.02', price: '152300000', daysAgo: 17 },
  { base: 'SOL', side: 'buy', quantity: '14', price: '271000', daysAgo: 12 },
  { base: 'ETH', side: 'sell', quantity: '0.6', price: '5310000', daysAgo: 9 },
  { base: 'DOGE', side: 'buy', quantity: '9000', price: '331', daysAgo: 5 },
  { base: 'BTC', side: 'buy', quantity: '0.01', price: '149800000', daysAgo: 2 },
];

const DAY_MS = 86_400_000;
const FEE_RATE = fixed('0.0005');

/** No password matches it. On the demo user it means that `closeDemo` has disabled it, not an administrator. */
const NO_PASSWORD = '!';

const FROM_HERE = { ip: '', requestId: '' };

/**
 * The demo user with one funded, traded portfolio. A demo user that has a portfolio, or that an administrator has
 * disabled, is left alone.
 */
export async function ensureDemo({ db, clock, market }: Services): Promise<void> {
  const found = await findCredentials(db, DEMO_LOGIN.email);
  const isClosed = found?.passwordHash === NO_PASSWORD;
  if (found !== null && !isClosed && (await hasPortfolio(db, found.user.id))) return;
  const passwordHash = await hashPassword(DEMO_LOGIN.password);
  const login = { email: DEMO_LOGIN.email, name: 'Demo', passwordHash, role: 'trader' } as const;
  try {
    // In one transaction: an interrupted start leaves neither the user nor the portfolio.
    await db.transaction(async (trx) => {
      const user = found?.user ?? (await createUser(trx, login, { clock }));
      if (isClosed) {
        await updateUser(trx, user.id, { passwordHash, disabledAt: null });
        const event = { type: 'user-enabled', actorId: null, userId: user.id } as const;
        await recordAudit(trx, event, FROM_HERE, { clock });
      }
      if (!(await hasPortfolio(trx, user.id)))
        await tradedPortfolio(trx, user.id, { clock, simulated: market.isSimulated });
    });
  } catch (error) {
    // Another node was quicker.
    if (!(error instanceof Problem && error.slug === 'conflict')) throw error;
  }
}

async function hasPortfolio(db: Database, userId: string): Promise<boolean> {
  return (await listPortfolios(db, userId, { limit: 1 })).items.length > 0;
}

/**
 * Disables the demo user, whose password is well known or may have been changed: its sessions, streams and API keys
 * end. Its portfolios are kept, since they may hold real trades; `ensureDemo` enables the user again.
 */
export async function closeDemo({ db, clock, broker, logger }: Services): Promise<void> {
  const found = await findCredentials(db, DEMO_LOGIN.email);
  if (found === null || found.user.disabledAt !== null) return;
  const { user, passwordHash } = found;
  const isClosed = await db.transaction(async (trx) => {
    // Another node may be quicker.
    if (!(await holdCredentials(trx, { id: user.id, passwordHash }))) return false;
    await updateUser(trx, user.id, { passwordHash: NO_PASSWORD, disabledAt: clock.now() });
    await revokeUserSessions(trx, user.id, { clock });
    const event = { type: 'user-disabled', actorId: null, userId: user.id } as const;
    await recordAudit(trx, event, FROM_HERE, { clock });
    return true;
  });
  if (!isClosed) return;
  await publishControl(broker, { type: 'user-disabled', userId: user.id });
  logger.info('DEMO is off: the demo user has been disabled, its portfolios are kept');
  if (user.role === 'admin' && !(await hasAdmin(db)))
    logger.warn('The demo user was the only administrator: ADMIN_EMAIL becomes one.');
}

/**
 * Generates past prices for the simulator's market that agree with what the demo user paid: without them the curves of
 * a new installation would begin today. Does nothing if there are prices already.
 */
export async function ensureDemoPast({
  db,
  clock,
  seed,
}: {
  db: Database;
  clock: Clock;
  seed: number;
}): Promise<void> {
  if ((await candleSymbols(db, true, 1)).length > 0) return;
  const now = clock.now();
  const anchors = DEMO_FILLS.map(({ base, price, daysAgo }) => ({
    symbol: `${base}/KRW`,
    time: now - daysAgo * DAY_MS,
    price: fixed(price),
  }));
  const { days, minutes } = simulatedPast({ now, seed, anchors });
  // In one transaction: the remains of an interrupted start would pass for the whole.
  await db.transaction(async (trx) => {
    await upsertDays(trx, days);
    await upsertCandles(trx, minutes, 'merge');
  });
}

async function tradedPortfolio(
  db: Database,
  userId: string,
  { clock, simulated }: { clock: Clock; simulated: boolean },
): Promise<void> {
  const portfolio = await createPortfolio(
    db,
    userId,
    {
      name: 'Demo',
      baseCurrency: 'KRW',
      costMethod: 'average',
      cashMode: 'tracked',
      simulated,
      timeZone: 'Asia/Seoul',
      benchmark: null,
    },
    { clock },
  );
  const now = clock.now();
  const common = { exchange: 'demo', orderId: null, note: null, tags: [] };
  const deposit: TransferDraft = {
    ...common,
    kind: 'deposit',
    externalId: 'deposit-1',
    time: now - 29 * DAY_MS,
    asset: 'KRW',
    quantity: fixed('50000000'),
    unitCost: null,
    unitValue: ONE,
  };
  const fills = DEMO_FILLS.map(({ base, side, quantity, price, daysAgo }, index): TradeDraft => {
    const value = (fixed(quantity) * fixed(price)) / ONE;
    return {
      ...common,
      kind: 'trade',
      externalId: `fill-${index + 1}`,
      time: now - daysAgo * DAY_MS,
      base,
      quote: 'KRW',
      side,
      quantity: fixed(quantity),
      price: fixed(price),
      fee: { amount: (value * FEE_RATE) / ONE, currency: 'KRW' },
      quoteRate: ONE,
      feeRate: null,
      orderType: null,
    };
  });
  await bookEntries(db, portfolio.id, [deposit, ...fills], { clock });
}
