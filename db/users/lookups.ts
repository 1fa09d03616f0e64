import DataLoader from 'dataloader';
import type { Role } from '../../lib/tokens/caller.ts';
import type { Clock } from '../../lib/clock.ts';
import { liveCredentials } from './live-credentials.ts';
import type { Database } from '../connection/database.ts';
import { findPortfolios, type Portfolio } from '../ledger/portfolios/portfolios.ts';

/** What nearly every request has to look up first. */
export interface Lookups {
  /** The current role of the user of a session or API key; `null` if it is no longer live. */
  role(credentialId: string): Promise<Role | null>;
  /** `null` if there is none. */
  portfolio(id: string): Promise<Portfolio | null>;
}

/** Keys per statement. */
const BATCH = 200;

/**
 * Lookups requested in the same turn of the event loop are sent to the database as one statement. It is sent after all
 * of them were requested and nothing is cached, so each caller sees everything committed before.
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
    // Requests are read one by one: this waits until all that arrived before the check phase have been.
    { cache: false, maxBatchSize: BATCH, batchScheduleFn: (send) => void setImmediate(send) },
  );
}
