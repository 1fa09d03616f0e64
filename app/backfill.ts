import { listBackfills } from '../db/market/backfills.ts';
import type { Clock, Random } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import type { Logger } from '../lib/logging/log.ts';
import { StartError } from '../lib/start-error.ts';
import { SYMBOL_PATTERN } from '../lib/symbol.ts';
import { createServices } from './services.ts';

const DAY_MS = 86_400_000;
const LOOK_MS = 500;
const USAGE = 'as in npm run backfill -- BTC/KRW 2024-01-01 2024-06-30 upbit';

/**
 * Fetches the days of a symbol by hand. In a fleet a running node may do the work; the embedded database must not be in
 * use.
 * @param words symbol, first day, last day (today if omitted), exchange (the first that is configured if omitted)
 * @param tell called with a line for each page
 * @throws StartError, DataLockError
 */
export async function backfillByHand(
  config: Config,
  [symbol = '', from = '', to, exchange]: readonly string[],
  {
    clock,
    random,
    logger,
    tell,
  }: { clock: Clock; random: Random; logger: Logger; tell: (line: string) => void },
): Promise<void> {
  if (!SYMBOL_PATTERN.test(symbol)) throw new StartError(`Name a symbol and its first day, ${USAGE}`);
  const today = Math.floor(clock.now() / DAY_MS) * DAY_MS;
  const since = dayOf(from);
  const until = Math.min(to === undefined ? today : dayOf(to) + DAY_MS, today);
  if (since >= until)
    throw new StartError(`The first day must be before the last, and before today, ${USAGE}`);
  const running = await createServices({ config, clock, random, logger });
  try {
    const { backfills, db, marketWriter } = running.services;
    const chosen = exchange ?? backfills.exchanges[0];
    if (chosen === undefined || !backfills.exchanges.includes(chosen)) {
      throw new StartError(
        'There is no exchange to fetch from: name it in BACKFILL_EXCHANGES, such as upbit.',
      );
    }
    marketWriter.intake.assertReal();
    const job = { symbol, interval: '1d', since, until, exchange: chosen } as const;
    await backfills.request({ ...job, sourceSymbol: backfills.sourceSymbol(symbol) }, null);
    let told = '';
    for (;;) {
      const { items } = await listBackfills(db, { symbol, limit: 100 });
      const waiting = items.filter(({ state }) => state === 'waiting');
      const lines = items.map(
        ({ state, reached, candles, detail }) =>
          `${symbol}  ${state} up to ${new Date(reached).toISOString().slice(0, 10)}  ${candles} candles${detail === null ? '' : `  (${detail})`}`,
      );
      const line = lines.join('\n');
      if (line !== told) tell((told = line));
      if (waiting.length === 0) return;
      await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
    }
  } finally {
    await running.close();
  }
}

/** @throws StartError */
function dayOf(text: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00Z`) : Number.NaN;
  if (Number.isNaN(time))
    throw new StartError(`${JSON.stringify(text)} is not a day such as 2024-01-01, ${USAGE}`);
  return time;
}
