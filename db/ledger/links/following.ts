import { applyEntries } from '../positions/apply-entries.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { ValuationMove } from '../positions/booking-options.ts';
import type { Start } from '../entries/carry-edges.ts';
import { type Recarried, recarry } from './carry.ts';
import type { Database } from '../../connection/database.ts';
import { ledgerOf, type Ledgers, saveLinks } from '../portfolios/linked-ledgers.ts';
import type { OutboxMessage } from '../portfolios/outbox.ts';
import { advance, type Portfolio } from '../portfolios/portfolios.ts';
import type { PositionOptions } from '../positions/refold.ts';

/** What is to be published about a change once it is committed. */
export interface Followed {
  message: OutboxMessage | null;
  /** Including the linked ledgers that it has changed. */
  following: readonly OutboxMessage[];
}

/** In the order in which they are to be published. */
export function messagesOf({ message, following }: Followed): readonly OutboxMessage[] {
  return message === null ? following : [message, ...following];
}

export interface FollowingOptions extends PositionOptions {
  clock: Clock;
  records?: ((move: ValuationMove) => string[]) | undefined;
}

/** What has changed. */
interface Origin {
  /**
   * The portfolios that were changed directly: the caller increments their versions. They may be among the dependent
   * ones.
   */
  origins: readonly Portfolio[];
  /** See `recarry`. */
  starts: readonly Start[];
  /**
   * Whether entries that carry lots were added or removed, so that the dependencies between holdings must be determined
   * again.
   */
  relinked?: boolean;
}

/**
 * Restates what depends, in linked ledgers, on a change of one of them: each of the others gets a version and a message
 * of its own.
 * @returns what is to be published about the others once the transaction is committed
 */
export async function follow(
  trx: Database,
  ledgers: Ledgers,
  { origins, starts, relinked = false }: Origin,
  options: FollowingOptions,
): Promise<OutboxMessage[]> {
  if (relinked) await saveLinks(trx, ledgers);
  else if (origins.every(({ linked }) => linked.length === 0)) return [];
  const recarried = await recarry(trx, ledgers, starts);
  const told = new Set(origins.map(({ id }) => id));
  return await applyRecarried(trx, ledgers, recarried, { ...options, origins: told });
}

/**
 * Restates the positions of ledgers whose deposits bring other lots.
 * @param options.origins do not get a new version from this
 */
export async function applyRecarried(
  trx: Database,
  ledgers: Ledgers,
  recarried: readonly Recarried[],
  { origins, ...options }: FollowingOptions & { origins: ReadonlySet<string> },
): Promise<OutboxMessage[]> {
  const messages: OutboxMessage[] = [];
  for (const portfolio of ledgers.values()) {
    const { id, version } = portfolio;
    const own = recarried.filter(({ after }) => after.portfolioId === id);
    if (own.length === 0) continue;
    await applyEntries(trx, id, portfolio, movesOf(own), options);
    if (origins.has(id)) continue;
    const entries = own.map(({ after }) => after);
    const records = options.records?.({ subject: 'valuation', version: version + 1, entries });
    const told = { now: options.clock.now(), records };
    const { message } = await advance(trx, ledgerOf(ledgers, id), 1, told);
    if (message !== null) messages.push(message);
  }
  return messages;
}

export function movesOf<T>(restated: readonly { before: T; after: T }[]): { added: T[]; removed: T[] } {
  return { added: restated.map(({ after }) => after), removed: restated.map(({ before }) => before) };
}
