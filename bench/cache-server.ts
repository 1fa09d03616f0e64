import { bookEntries } from '../db/ledger/ledger.ts';
import type { TradeDraft } from '../db/ledger/entries/stored-entry.ts';
import { upsertCandles } from '../db/market/candles.ts';
import { createPortfolio } from '../db/ledger/portfolios/portfolios.ts';
import { createUser } from '../db/users/users.ts';
import { createApp } from '../app/app.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { readConfig } from '../lib/config/config.ts';
import { createLogger } from '../lib/logging/log.ts';
import { fixed, ONE } from '../lib/money/money.ts';
import { hashPassword } from '../lib/tokens/password.ts';
import { listen } from '../app/server.ts';
import { createServices } from '../app/services.ts';
import { answerParent } from './child.ts';

/** A node on a PostgreSQL and a Redis, with a portfolio to be read. */
export interface CacheSetup {
  coins: number;
  trades: number;
  days: number;
  /** More portfolios of the same coins, with one trade each. */
  others: number;
}

export interface CacheReady {
  url: string;
  authorization: string;
  portfolioId: string;
  otherIds: string[];
}

const DAY_MS = 86_400_000;
const MINUTE = 60_000;
const config = readConfig({
  MARKET_FEED: 'push',
  DEMO: 'false',
  PORT: '0',
  LOG_LEVEL: 'warn',
  JWT_SECRET: 'a secret that only this benchmark uses, nobody else',
  // All load comes from one address and one user.
  RATE_LIMIT_ADDRESS: '0',
  RATE_LIMIT_USER: '0',
  ...process.env,
});
const logger = createLogger(config.LOG_LEVEL);
const { services } = await createServices({ config, clock, random: Math.random, logger });
const { url } = await listen(
  createApp(services),
  { host: config.HOST, port: config.PORT },
  { headersMs: 15_000, requestMs: 60_000 },
  services,
);
const { db, marketWriter } = services;

function draft(n: number, { coins, trades, days }: CacheSetup, start: number): TradeDraft {
  return {
    kind: 'trade',
    exchange: 'bench',
    externalId: `t${n}`,
    time: Math.floor(start + (n * days * DAY_MS) / trades),
    base: `C${n % coins}`,
    quote: 'KRW',
    side: n % 5 >= 3 ? 'sell' : 'buy',
    quantity: fixed('1.2345'),
    price: fixed(String(10_000 + ((n * 7_919) % 1_009))),
    fee: { amount: fixed('6.17'), currency: 'KRW' },
    quoteRate: ONE,
    feeRate: null,
    orderId: null,
    orderType: null,
    note: null,
    tags: [],
  };
}

answerParent({
  async setUp(setup: CacheSetup): Promise<CacheReady> {
    const credentials = { email: 'bench@example.com', password: 'correct horse battery' };
    const passwordHash = await hashPassword(credentials.password);
    const account = { email: credentials.email, name: null, passwordHash, role: 'trader' } as const;
    const user = await createUser(db, account, { clock });
    const settings = {
      name: 'Bench',
      baseCurrency: 'KRW',
      costMethod: 'average',
      cashMode: 'tracked',
      simulated: false,
      timeZone: 'Asia/Seoul',
      benchmark: null,
    } as const;
    const { id } = await createPortfolio(db, user.id, settings, { clock });
    const otherIds: string[] = [];
    for (let n = 0; n < setup.others; n += 1) {
      const other = await createPortfolio(db, user.id, { ...settings, name: `Bench ${n}` }, { clock });
      otherIds.push(other.id);
      const few = { ...setup, trades: setup.coins };
      const bought = Array.from({ length: setup.coins }, (_, k) => ({
        ...draft(k, few, clock.now() - few.days * DAY_MS),
        side: 'buy' as const,
      }));
      await bookEntries(db, other.id, bought, { clock });
    }
    const start = clock.now() - (setup.days + 1) * DAY_MS;
    for (let n = 0; n < setup.trades; n += 5_000) {
      const count = Math.min(5_000, setup.trades - n);
      await bookEntries(
        db,
        id,
        Array.from({ length: count }, (_, k) => draft(n + k, setup, start)),
        { clock },
      );
    }
    // Two days of minutes of one coin.
    const first = Math.floor(clock.now() / MINUTE) * MINUTE - 2_880 * MINUTE;
    const price = fixed('10000');
    const minutes = Array.from({ length: 2_870 }, (_, n) => ({
      symbol: 'C0/KRW',
      time: first + n * MINUTE,
      closeTime: first + (n + 1) * MINUTE - 1,
      open: price,
      high: price,
      low: price,
      close: price,
      volume: ONE,
      quoteVolume: price,
      trades: 3,
      simulated: false,
    }));
    await upsertCandles(db, minutes, 'replace');
    await marketWriter.intake.push(
      Array.from({ length: setup.coins }, (_, n) => ({
        symbol: `C${n}/KRW`,
        price: String(10_000 + n),
        quantity: '0.5',
        side: 'buy' as const,
        time: clock.now(),
        exchange: 'bench',
        simulated: false,
        tradeId: null,
      })),
    );
    return { url, portfolioId: id, otherIds, authorization: await logIn() };
  },
  /** Acts as another node on the same data. */
  async join({ portfolioId, otherIds }: CacheReady): Promise<CacheReady> {
    return { url, portfolioId, otherIds, authorization: await logIn() };
  },
});

async function logIn(): Promise<string> {
  const response = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'bench@example.com', password: 'correct horse battery' }),
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  return `Bearer ${accessToken}`;
}
