import { bookRows } from '../../db/import/import-booking.ts';
import { dropRows } from '../../db/import/import-rows.ts';
import { StagedRows } from '../../db/import/staged-rows.ts';
import { noteEntries } from '../../db/accounts/account-entries.ts';
import { assertConnected, type ExchangeAccount } from '../../db/accounts/accounts.ts';
import { assetsOf } from '../../db/ledger/entries/entry-assets.ts';
import { getPortfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { AccountError } from '../../lib/exchanges/account-failure.ts';
import { newId } from '../../lib/id.ts';
import type { RawEntry } from '../../lib/import/reading/format.ts';
import { RowOrders } from '../../lib/import/reading/row-order.ts';
import type { Services } from '../http/handler-services.ts';
import { draftOf } from '../import/import-entry.ts';
import { joinSureTransfers } from '../portfolios/sure-transfers.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';

/** The maximum number of entries of a page to publish one by one; of more, only the number is published. */
const PUBLISHED = 500;

/**
 * Books the new entries of a page like those of a file: an entry with the exchange's id is booked once, and
 * not at all if a file has brought it already.
 * @throws AccountError `unreadable-answer` for an entry that the ledger cannot take
 * @throws AccountTakenError if the account is deleted
 */
export async function bookAccountPage(
  services: Pick<Services, 'db' | 'logger' | 'clock' | 'config' | 'outbox' | 'lateRates' | 'slots'>,
  account: ExchangeAccount,
  entries: readonly RawEntry[],
): Promise<void> {
  const { db, clock, config } = services;
  const { portfolioId, place } = account;
  const portfolio = await getPortfolio(db, portfolioId);
  if (portfolio === null) return;
  const terms = {
    now: clock.now(),
    tagLimit: config.TAGS_PER_ENTRY,
    baseCurrency: portfolio.baseCurrency,
    allowBefore2009: false,
  };
  const importId = newId(clock);
  const staged = new StagedRows(db, importId, clock);
  const rows = new RowOrders();
  const ordered = [...entries].sort((a, b) => a.time - b.time);
  const drafts = ordered.map((entry, index) => {
    const made = draftOf({ ...entry, account: place }, terms);
    if ('fault' in made) {
      const field = made.fault.path.join('.');
      throw new AccountError({ code: 'unreadable-answer', reason: `${entry.kind}.${field}`.slice(0, 60) });
    }
    rows.add(made.draft);
    return { line: index + 1, part: 0, draft: made.draft, layout: account.exchange, isOwn: false };
  });
  const externalIds = drafts.flatMap(({ draft: { externalId } }) =>
    externalId === null ? [] : [externalId],
  );
  try {
    await staged.add(drafts);
    await changeLedger(services, portfolioId, async (options) => {
      const booked = await bookRows(db, portfolioId, staged, {
        ...options,
        // Entries at the same instant are in the exchange's own order, or in none.
        order: { given: 'oldest-first', usual: 'oldest-first', hasSequence: true, rows },
        mode: 'rest',
        decisions: [],
        reported: 0,
        name: importId,
        published: PUBLISHED,
        tagLimit: config.TAGS_PER_PORTFOLIO,
        assets: {
          of: new Set(assetsOf(drafts.map(({ draft }) => draft))),
          limit: config.ASSETS_PER_PORTFOLIO,
        },
        progress: () => undefined,
        // Disconnecting the account, which removes what it booked, takes the same lock: nothing is booked
        // afterwards.
        admit: (trx) => assertConnected(trx, account.id),
        booked: (trx) => noteEntries(trx, account, externalIds),
      });
      const booker = { portfolio, userId: portfolio.userId };
      return await joinSureTransfers(services, booker, { booked, ids: booked.named }, options);
    });
  } finally {
    await dropRows(db, importId);
  }
}
