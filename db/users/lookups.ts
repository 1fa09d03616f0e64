import DataLoader from 'dataloader';
import type { Role } from '../../lib/tokens/caller.ts';
import type { Clock } from '../../lib/clock.ts';
import { liveCredentials } from './live-credentials.ts';
import type { Database } from '../connection/database.ts';
import { findPortfolios, type Portfolio } from '../ledger/portfolios.ts';

/** What nearly every request has to look up before anything else. */
export interface Lookups {
  /** The role of the user of a session or API key; `null` when it is not alive. */
  role(credentialId: string): Promise<Role | null>;
  /** `null` if there is none. */
  portfolio(id: string): Promise<Portfolio | null>;
}

/** Keys of one statement. */
const BATCH = 200;

/**
 * Lookups that are asked for in the same turn of the event loop go to the database as one statement. It is sent after
 * all of them were requested and nothing is cached, so each caller sees everything committed before.
 */
export function openLookups(db: Database, { clock }: { clock: Clock }): Lookups {
  const roles = inTurns<Role>((ids) => liveCredentials(db, ids, { clock }));
  const portfolios = inTurns<Portfolio>((ids) => findPortfolios(db, ids));
  return { role: (id) => roles.load(id), portfolio: (id) => portfolios.load(id) };
}

function inTurns<T>(find: (ids: readonly string[]) => Promise<Map<string, T>>): DataLoader<string, T | null> {
  return new DataLoader<string, T | null>(
    async (ids) => {
      const found = await find([...new Set(ids)]);
      return ids.map((id) => found.get(id) ?? null);
    },
    // Requests are read one by one, all that have come in before the check phase.
    { cache: false, maxBatchSize: BATCH, batchScheduleFn: (send) => void setImmediate(send) },
  );
}
