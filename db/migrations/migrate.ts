import { StartError } from '../../lib/start-error.ts';
import type { Knex } from 'knex';
import type { Database } from '../connection/database.ts';
import { allowTime } from '../connection/time-limit.ts';
import * as accounts from './001-accounts.ts';
import * as ledger from './002-ledger.ts';
import * as candles from './003-candles.ts';
import * as history from './004-history.ts';
import * as candleDays from './005-candle-days.ts';
import * as access from './010-access.ts';
import * as orderType from './020-order-type.ts';
import * as tradeFigures from './021-trade-figures.ts';
import * as tradeSearch from './022-trade-search.ts';
import * as portfolioStatistics from './030-portfolio-statistics.ts';
import * as tradeIndexes from './031-trade-indexes.ts';
import * as keyLimits from './040-key-limits.ts';
import * as imports from './050-imports.ts';
import * as outbox from './060-outbox.ts';
import * as fences from './070-fences.ts';
import * as resultFilters from './080-result-filters.ts';
import * as invitations from './090-invitations.ts';
import * as portfolioTags from './091-portfolio-tags.ts';
import * as streamSubscriptions from './095-stream-subscriptions.ts';
import * as outboxOrder from './096-outbox-order.ts';
import * as importPages from './100-import-pages.ts';
import * as entrySequence from './101-entry-sequence.ts';
import * as fleet from './105-fleet.ts';
import * as timeline from './106-timeline.ts';
import * as rateOrigins from './110-rate-origins.ts';
import * as importEntries from './120-import-entries.ts';
import * as entryKinds from './130-entry-kinds.ts';
import * as importMappings from './131-import-mappings.ts';
import * as importEntryIndex from './132-import-entry-index.ts';
import * as rejectedMatches from './140-rejected-matches.ts';
import * as importKinds from './141-import-kinds.ts';
import * as importConfirmed from './142-import-confirmed.ts';
import * as exchangeAccounts from './150-exchange-accounts.ts';
import * as outboxServer from './151-outbox-server.ts';
import * as marketWorlds from './160-market-worlds.ts';
import * as linkedPortfolios from './170-linked-portfolios.ts';
import * as tokenChanges from './171-token-changes.ts';
import * as marketGaps from './172-market-gaps.ts';
import * as backfills from './173-backfills.ts';
import * as sessionDevices from './174-session-devices.ts';
import * as backfillReaders from './175-backfill-readers.ts';
import * as checkpointLots from './176-checkpoint-lots.ts';
import * as marketDoubts from './180-market-doubts.ts';
import * as importedEntries from './185-imported-entries.ts';
import * as sureJoins from './186-sure-joins.ts';

interface Migration {
  name: string;
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

/** Named here and not after their files, which end in `.ts` when developed and in `.js` when built. */
const MIGRATIONS: Migration[] = [
  { name: '001-accounts', ...accounts },
  { name: '002-ledger', ...ledger },
  { name: '003-candles', ...candles },
  { name: '004-history', ...history },
  { name: '005-candle-days', ...candleDays },
  { name: '010-access', ...access },
  { name: '020-order-type', ...orderType },
  { name: '021-trade-figures', ...tradeFigures },
  { name: '022-trade-search', ...tradeSearch },
  { name: '030-portfolio-statistics', ...portfolioStatistics },
  { name: '031-trade-indexes', ...tradeIndexes },
  { name: '040-key-limits', ...keyLimits },
  { name: '050-imports', ...imports },
  { name: '060-outbox', ...outbox },
  { name: '070-fences', ...fences },
  { name: '080-result-filters', ...resultFilters },
  { name: '090-invitations', ...invitations },
  { name: '091-portfolio-tags', ...portfolioTags },
  { name: '095-stream-subscriptions', ...streamSubscriptions },
  { name: '096-outbox-order', ...outboxOrder },
  { name: '100-import-pages', ...importPages },
  { name: '101-entry-sequence', ...entrySequence },
  { name: '105-fleet', ...fleet },
  { name: '106-timeline', ...timeline },
  { name: '110-rate-origins', ...rateOrigins },
  { name: '120-import-entries', ...importEntries },
  { name: '130-entry-kinds', ...entryKinds },
  { name: '131-import-mappings', ...importMappings },
  { name: '132-import-entry-index', ...importEntryIndex },
  { name: '140-rejected-matches', ...rejectedMatches },
  { name: '141-import-kinds', ...importKinds },
  { name: '142-import-confirmed', ...importConfirmed },
  { name: '150-exchange-accounts', ...exchangeAccounts },
  { name: '151-outbox-server', ...outboxServer },
  { name: '160-market-worlds', ...marketWorlds },
  { name: '170-linked-portfolios', ...linkedPortfolios },
  { name: '171-token-changes', ...tokenChanges },
  { name: '172-market-gaps', ...marketGaps },
  { name: '173-backfills', ...backfills },
  { name: '174-session-devices', ...sessionDevices },
  { name: '175-backfill-readers', ...backfillReaders },
  { name: '176-checkpoint-lots', ...checkpointLots },
  { name: '180-market-doubts', ...marketDoubts },
  { name: '185-imported-entries', ...importedEntries },
  { name: '186-sure-joins', ...sureJoins },
];

const source: Knex.MigrationSource<Migration> = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) => Promise.resolve(migration),
};

/** For each statement: a column of a large table takes its time, and other nodes wait for it. */
const MIGRATION_MS = 3_600_000;

/** Any number, as long as every node takes the same. */
const ADVISORY_LOCK = 7_203_441_902;

/**
 * Brings the schema up to date, all or nothing. Nodes that start at once wait for the first: the lock ends with the
 * transaction, so that none is left behind by a node that dies here.
 * @returns the names of the migrations applied
 * @throws StartError when a newer version of the program has been here
 */
export async function migrate(db: Database): Promise<string[]> {
  return await db.transaction(async (trx) => {
    await allowTime(trx, MIGRATION_MS);
    await trx.raw('select pg_advisory_xact_lock(?)', [ADVISORY_LOCK]);
    const [, applied]: [number, string[]] = await trx.migrate
      .latest({ migrationSource: source })
      .catch((error: unknown) => {
        throw newerSchema(error) ?? error;
      });
    return applied;
  });
}

/** knex refuses a database that has had migrations which it does not know. */
function newerSchema(error: unknown): StartError | null {
  const unknown = error instanceof Error ? /files are missing: (.+)$/.exec(error.message)?.[1] : undefined;
  if (unknown === undefined) return null;
  const message = `The database has been brought up to date by a newer version of Marktide (${unknown}): start that version, or restore a backup made by this one.`;
  return new StartError(message, { cause: error });
}

/** Takes the schema down again, for tests of the migrations. */
export async function rollback(db: Database): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?)', [ADVISORY_LOCK]);
    await trx.migrate.rollback({ migrationSource: source }, true);
  });
}
