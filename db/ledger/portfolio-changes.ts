import type { Clock } from '../../lib/clock.ts';
import type { Database } from '../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';
import type { EntriesMove, ValuationMove } from './positions/booking-options.ts';
import type { Start } from './entries/carry-edges.ts';
import { recarry } from './links/carry.ts';
import { startsOf } from './entries/entry-assets.ts';
import { applyRecarried, follow, type Followed } from './links/following.ts';
import { applyRestated, partOthers, type Restated } from './links/joins.ts';
import { type Ledgers, lockExisting, lockingLedgers, saveLinks } from './portfolios/linked-ledgers.ts';
import type { OutboxMessage } from './portfolios/outbox.ts';
import { advance, type Portfolio, type PortfolioSettings } from './portfolios/portfolios.ts';
import { refoldAll } from './positions/refold.ts';

/** Not the base currency, nor whether prices are simulated: the rates in the ledger depend on them. */
export type PortfolioChange = Partial<Omit<PortfolioSettings, 'baseCurrency' | 'simulated'>>;

/** A change of a portfolio itself that is about to be committed. */
export interface PortfolioMove {
  subject: 'portfolio';
  change: 'changed' | 'deleted';
  /** Of the ledger, after it. */
  version: number;
  /** As it is after the change; as it was, if it is deleted. */
  portfolio: Portfolio;
}

export interface PortfolioMoveOptions {
  clock: Clock;
  /** What is to be published about it: see `BookingOptions`. */
  records?: (move: PortfolioMove | EntriesMove | ValuationMove) => string[];
}

/**
 * Changes the settings of a portfolio; `undefined` ones stay as they are. New terms restate every position. Every
 * changed setting makes a version of the ledger; without one there is no message. `null` if there is no such portfolio.
 */
export async function updatePortfolio(
  db: Database,
  id: string,
  change: PortfolioChange,
  { clock, records }: PortfolioMoveOptions,
): Promise<(Followed & { portfolio: Portfolio }) | null> {
  return await lockingLedgers(db, async (trx) => {
    const ledgers = await lockExisting(trx, [id]);
    const before = ledgers.get(id);
    if (before === undefined) return null;
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const portfolio: Portfolio = { ...before, ...given };
    if (SETTINGS.every((name) => portfolio[name] === before[name]))
      return { portfolio: before, message: null, following: [] };
    await trx('portfolios').where({ id }).update({
      name: portfolio.name,
      cost_method: portfolio.costMethod,
      time_zone: portfolio.timeZone,
      benchmark: portfolio.benchmark,
      cash_mode: portfolio.cashMode,
    });
    if (portfolio.costMethod !== before.costMethod || portfolio.cashMode !== before.cashMode) {
      await refoldAll(trx, id, portfolio);
    }
    // Untracked cash leaves different holdings behind.
    const starts = portfolio.cashMode === before.cashMode ? [] : await releasing(trx, id);
    const present = new Map([...ledgers, [id, portfolio]]);
    const following = await follow(trx, present, { origins: [portfolio], starts }, { clock, records });
    const now = clock.now();
    portfolio.version += 1;
    portfolio.updatedAt = now;
    const move = { subject: 'portfolio', change: 'changed', version: portfolio.version, portfolio } as const;
    const { message } = await advance(trx, before, 1, { now, records: records?.(move) });
    return { portfolio, message, following };
  });
}

/** Portfolios from which coins leave for others come first. */
async function releasing(trx: Database, portfolioId: string): Promise<Start[]> {
  const { rows } = await trx.raw<{ rows: { asset: string; time: number; tie: string }[] }>(
    `select distinct on (asset) asset, time, tie from ledger_entries
     where portfolio_id = ? and joined_portfolio is not null and kind = 'withdrawal' order by asset, time, tie`,
    [portfolioId],
  );
  return rows.map(({ asset, time, tie }) => ({ portfolioId, asset, from: { time, tie } }));
}

const SETTINGS = ['name', 'costMethod', 'timeZone', 'benchmark', 'cashMode'] as const;

/**
 * Deletes portfolios with their ledgers. Assets that were moved from them to the remaining portfolios then count as
 * external inflows there, and assets moved in the opposite direction as outflows.
 * @returns what is to be published once the transaction is committed
 */
export async function deletePortfolios(
  trx: Database,
  ids: readonly string[],
  { clock, records }: PortfolioMoveOptions,
): Promise<OutboxMessage[]> {
  await allowTime(trx, LONG_WORK_MS);
  const ledgers = await lockExisting(trx, ids);
  const restated = await partOthers(trx, ids);
  const messages: OutboxMessage[] = [];
  for (const portfolio of ledgers.values()) {
    const { id, version } = portfolio;
    if (!ids.includes(id)) continue;
    const move = { subject: 'portfolio', change: 'deleted', version: version + 1, portfolio } as const;
    const { message } = await advance(trx, portfolio, 1, { now: clock.now(), records: records?.(move) });
    if (message !== null) messages.push(message);
    await trx('portfolios').where({ id }).delete();
  }
  const staying: Ledgers = new Map([...ledgers].filter(([id]) => !ids.includes(id)));
  return [...messages, ...(await restateParted(trx, staying, restated, { clock, records }))];
}

/** Entries that were unmatched because of another change, and what depends on them. */
async function restateParted(
  trx: Database,
  ledgers: Ledgers,
  restated: readonly Restated[],
  options: PortfolioMoveOptions,
): Promise<OutboxMessage[]> {
  if (ledgers.size === 0) return [];
  await saveLinks(trx, ledgers);
  const entries = restated.map(({ after }) => after);
  const recarried = await recarry(trx, ledgers, startsOf(entries));
  const messages = await applyRestated(trx, ledgers, restated, options);
  const origins = new Set(entries.map(({ portfolioId }) => portfolioId));
  return [...messages, ...(await applyRecarried(trx, ledgers, recarried, { ...options, origins }))];
}

/** Along with its ledger. `null` if there was no such portfolio. */
export async function deletePortfolio(
  db: Database,
  id: string,
  options: PortfolioMoveOptions,
): Promise<Followed | null> {
  return await lockingLedgers(db, async (trx) => {
    if (!(await lockExisting(trx, [id])).has(id)) return null;
    const [message = null, ...following] = await deletePortfolios(trx, [id], options);
    return { message, following };
  });
}
