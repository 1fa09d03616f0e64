import { joinSure, type SureJoins } from '../../db/ledger/links/sure-joins.ts';
import type { OutboxMessage } from '../../db/ledger/portfolios/outbox.ts';
import type { Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { siblingsOf } from '../../db/users/shares.ts';
import type { Services } from '../http/handler-services.ts';
import type { LedgerChangeOptions } from './ledger-change.ts';

/** In whose name something is booked, and where. */
export interface Booker {
  portfolio: Pick<Portfolio, 'id' | 'userId' | 'baseCurrency' | 'simulated'>;
  userId: string;
}

interface Booked {
  message: OutboxMessage | null;
  following: readonly OutboxMessage[];
  version: number;
}

/**
 * Joins new withdrawals and deposits that surely belong together (see `joinSure`), within what the booker may change.
 * Every way that books them calls this after the booking; what fails here is not lost, since the match is offered.
 * @param ids of the new entries
 * @returns what was booked, with what is to be published about both
 */
export async function joinSureTransfers<T extends Booked>(
  { db, logger }: Pick<Services, 'db' | 'logger'>,
  { portfolio, userId }: Booker,
  { booked, ids }: { booked: T; ids: readonly string[] },
  options: LedgerChangeOptions,
): Promise<T & { joined: SureJoins['joined'] }> {
  if (ids.length === 0) return { ...booked, joined: [] };
  try {
    const siblings = await siblingsOf(db, portfolio, userId);
    const writable = new Set([portfolio.id, ...siblings.flatMap((each) => (each.writable ? [each.id] : []))]);
    const { messages, joined, versions } = await joinSure(db, { portfolio, writable }, ids, options);
    return {
      ...booked,
      version: versions.get(portfolio.id) ?? booked.version,
      following: [...booked.following, ...messages],
      joined,
    };
  } catch (error) {
    logger.warn({ err: error }, 'could not join the transfers of new entries, which are offered as matches');
    return { ...booked, joined: [] };
  }
}
