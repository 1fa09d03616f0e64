import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bookEntries } from '../db/ledger/ledger.ts';
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
import { microseconds } from './stamped-trade.ts';
import { answerParent } from './child.ts';

/** The whole program with many watched portfolios: embedded database, ring in memory, pushed ticks. */
export interface PnlSetup {
  portfolios: number;
  holdings: number;
  symbols: number;
}

export interface PnlReady {
  url: string;
  authorization: string;
  portfolioIds: string[];
}

export interface PnlLoad {
  /** Offsets of the market log, and when each was pushed. */
  offsets: [offset: number, at: number][];
  cpuMs: number;
  seconds: number;
}

const dataDir = await mkdtemp(join(tmpdir(), 'marktide-bench-'));
process.on('exit', () => void rm(dataDir, { recursive: true, force: true }));
const config = readConfig({
  DATA_DIR: dataDir,
  MARKET_FEED: 'push',
  DEMO: 'false',
  PORT: '0',
  LOG_LEVEL: 'warn',
  // All load comes from one address.
  RATE_LIMIT_ADDRESS: '0',
  RATE_LIMIT_USER: '0',
  RATE_LIMIT_STREAM: '0',
  STREAMS_PER_USER: '5000',
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

const symbolOf = (n: number): string => `C${n}/KRW`;
let symbolCount = 0;
let pushed = 0;

async function push(count: number): Promise<number> {
  const ticks = Array.from({ length: count }, () => {
    pushed += 1;
    const symbol = symbolOf(pushed % symbolCount);
    return {
      symbol,
      price: String(10_000 + ((pushed * 7_919) % 1_009)),
      quantity: '0.5',
      side: 'buy' as const,
      time: clock.now(),
      exchange: 'bench',
      simulated: false,
      tradeId: null,
    };
  });
  return (await marketWriter.intake.push(ticks)).offset;
}

answerParent({
  async setUp({ portfolios, holdings, symbols }: PnlSetup): Promise<PnlReady> {
    symbolCount = symbols;
    await push(symbols);
    const credentials = { email: 'bench@example.com', password: 'correct horse battery' };
    const passwordHash = await hashPassword(credentials.password);
    const user = await createUser(
      db,
      { email: credentials.email, name: null, passwordHash, role: 'trader' },
      { clock },
    );
    const portfolioIds: string[] = [];
    for (let n = 0; n < portfolios; n += 1) {
      const { id } = await createPortfolio(
        db,
        user.id,
        {
          name: `Bench ${n}`,
          baseCurrency: 'KRW',
          costMethod: 'average',
          cashMode: 'tracked',
          simulated: false,
          timeZone: 'Asia/Seoul',
          benchmark: null,
        },
        { clock },
      );
      portfolioIds.push(id);
      const drafts = Array.from({ length: holdings }, (_, k) => ({
        kind: 'trade' as const,
        exchange: 'bench',
        externalId: `t${k}`,
        time: clock.now() - 86_400_000 * (k % 30),
        base: `C${(n * 7 + k * 3) % symbols}`,
        quote: 'KRW',
        side: 'buy' as const,
        quantity: fixed('1.2345'),
        price: fixed(String(10_000 + k)),
        fee: { amount: fixed('6.17'), currency: 'KRW' },
        quoteRate: ONE,
        feeRate: null,
        orderId: null,
        orderType: null,
        note: null,
        tags: [],
      }));
      await bookEntries(db, id, drafts, { clock });
    }
    const response = await fetch(`${url}/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
    });
    const { accessToken } = (await response.json()) as { accessToken: string };
    return { url, authorization: `Bearer ${accessToken}`, portfolioIds };
  },

  /** `rate` ticks per second, spread evenly over all symbols. */
  async load({ rate, seconds }: { rate: number; seconds: number }): Promise<PnlLoad> {
    const offsets: [number, number][] = [];
    const cpu = process.cpuUsage();
    const start = performance.now();
    let done = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const elapsed = performance.now() - start;
        if (elapsed >= seconds * 1_000) {
          clearInterval(timer);
          resolve();
          return;
        }
        const due = Math.floor((elapsed / 1_000) * rate) - done;
        if (due <= 0) return;
        done += due;
        const at = microseconds();
        void push(due).then((offset) => offsets.push([offset, at]));
      }, 10);
    });
    const used = process.cpuUsage(cpu);
    return {
      offsets,
      cpuMs: (used.user + used.system) / 1_000,
      seconds: (performance.now() - start) / 1_000,
    };
  },
});
