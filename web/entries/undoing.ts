import type { components } from 'marktide/client';
import type { Api } from '../api.ts';

type Schemas = components['schemas'];
type AnyEntry = Schemas['Entry'];

/** What the server adds to an entry that was entered. */
const ADDED = new Set(['id', 'createdAt', 'updatedAt', 'rates', 'joinedWith', 'joinedPortfolio']);
/** Earlier entries must be confirmed. */
const GENESIS = Date.UTC(2009, 0, 3);

/** Without the parts that are not given. */
function given(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(given);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value).filter(([, part]) => part !== null);
  return Object.fromEntries(parts.map(([name, part]) => [name, given(part)]));
}

/** A request body to book a removed entry again, unchanged. */
export function bookedAgain(entry: AnyEntry): Schemas['EntryInput'] {
  const entered = Object.entries(entry).filter(([name]) => !ADDED.has(name));
  const isEarly = Date.parse(entry.time) < GENESIS;
  return {
    ...(given(Object.fromEntries(entered)) as Schemas['EntryInput']),
    ...(isEarly ? { allowBefore2009: true } : {}),
  };
}

/** A request body that changes back what a change has replaced. */
export function formerOf(entry: AnyEntry, change: object): Schemas['EntryChange'] {
  const former = Object.entries(entry).filter(([name]) => name in change);
  // What is missing within a part is left out of it; a part that was missing as a whole is removed.
  const parts = former.map(([name, part]) => [name, part === null ? null : given(part)]);
  return { kind: entry.kind, ...Object.fromEntries(parts) } as Schemas['EntryChange'];
}

interface Pair {
  withdrawal: { portfolioId: string; entryId: string };
  deposit: { portfolioId: string; entryId: string };
}

/** The two halves of an own transfer, of which the entry is one; `null` if it is none. */
export function pairOf(portfolioId: string, entry: AnyEntry): Pair | null {
  if (!('joinedWith' in entry) || entry.joinedWith === null) return null;
  const own = { portfolioId, entryId: entry.id };
  const other = { portfolioId: entry.joinedPortfolio ?? portfolioId, entryId: entry.joinedWith };
  return entry.kind === 'withdrawal'
    ? { withdrawal: own, deposit: other }
    : { withdrawal: other, deposit: own };
}

/** Joins the two again, unless the server has done so on its own. */
export async function joinAgain(api: Api, { withdrawal, deposit }: Pair): Promise<void> {
  const path = withdrawal;
  const before = await api.getEntry({ path });
  if ('joinedWith' in before && before.joinedWith === deposit.entryId) return;
  const body = { depositId: deposit.entryId, portfolioId: deposit.portfolioId };
  await api.joinEntry({ path, body });
}

/**
 * Removes an entry.
 * @returns a function that books it again as it was, joined with what it was joined with
 */
export async function removeForNow(
  api: Api,
  portfolioId: string,
  entryId: string,
): Promise<() => Promise<void>> {
  const path = { portfolioId, entryId };
  // A row may be older than the ledger, and what is undone must bring back what was there.
  const entry = await api.getEntry({ path });
  await api.removeEntry({ path });
  const body = bookedAgain(entry);
  const pair = pairOf(portfolioId, entry);
  return async () => {
    const query = { possibleDuplicates: 'book' as const };
    const made = await api.bookEntries({ path: { portfolioId }, query, body });
    if (pair === null || !('id' in made)) return;
    const own = { portfolioId, entryId: made.id };
    await joinAgain(
      api,
      entry.kind === 'withdrawal' ? { ...pair, withdrawal: own } : { ...pair, deposit: own },
    );
  };
}
