import type { Database } from '../../connection/database.ts';

/** Identifies the change that a message is about. */
export interface MessageKey {
  portfolioId: string;
  /** Of the ledger, after the change. */
  version: number;
}

/** What is published about one change of a ledger. It is written in the transaction of the change. */
export interface OutboxMessage extends MessageKey {
  /** Of the ledger, before the change. */
  previousVersion: number;
  /** JSON texts, to be published in this order. */
  records: readonly string[];
}

/** A row of the table. */
export function outboxRow(message: OutboxMessage, now: number): object {
  const { portfolioId, version, previousVersion, records } = message;
  return {
    portfolio_id: portfolioId,
    version,
    previous_version: previousVersion,
    records: `[${records.join(',')}]`,
    created_at: new Date(now),
  };
}

export interface PendingQuery {
  /** Portfolios with an id greater than this one; `null`: from the first. */
  after: string | null;
  /** Those whose oldest message was written then or earlier, epoch milliseconds. */
  before: number;
  limit: number;
}

/**
 * Portfolios with unpublished messages, in the order of their ids. It skips from portfolio to portfolio along the
 * primary key, so one with many messages costs no more than one with a single message.
 */
export async function pendingPortfolios(
  db: Database,
  { after, before, limit }: PendingQuery,
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { portfolio_id: string }[] }>(
    `with recursive pending (portfolio_id, created_at) as (
       (select portfolio_id, created_at from outbox
        where ?::uuid is null or portfolio_id > ?::uuid
        order by portfolio_id, version limit 1)
       union all
       select following.portfolio_id, following.created_at from pending
       cross join lateral (
         select portfolio_id, created_at from outbox where portfolio_id > pending.portfolio_id
         order by portfolio_id, version limit 1
       ) as following
     )
     select portfolio_id from pending where created_at <= ? limit ?`,
    [after, after, new Date(before), limit],
  );
  return rows.map(({ portfolio_id }) => portfolio_id);
}

/** The maximum number of messages read at a time. */
const PAGE = 200;
/** The maximum bytes of messages read at a time, unless the first one alone is larger. */
const PAGE_BYTES = 4 * 2 ** 20;

/** The first unpublished messages of a portfolio, in the order of versions. */
export async function pendingMessages(db: Database, portfolioId: string): Promise<OutboxMessage[]> {
  const { rows } = await db.raw<{ rows: MessageRow[] }>(
    `select version, previous_version, records from (
       select *, sum(octet_length(records)) over (order by version) - octet_length(records) as bytes_before
       from (select * from outbox where portfolio_id = ? order by version limit ?) as first
     ) as measured
     where bytes_before < ? order by version`,
    [portfolioId, PAGE, PAGE_BYTES],
  );
  return rows.map(({ version, previous_version, records }) => {
    const texts = (JSON.parse(records) as unknown[]).map((record) => JSON.stringify(record));
    // The previous release stored no previous version; its messages have a record for each step.
    return {
      portfolioId,
      version,
      previousVersion: previous_version ?? version - texts.length,
      records: texts,
    };
  });
}

interface MessageRow {
  version: number;
  previous_version: number | null;
  records: string;
}

/** Deletes what has been published. */
export async function deleteMessages(db: Database, keys: readonly MessageKey[]): Promise<void> {
  const ids = keys.map(({ portfolioId }) => portfolioId);
  const versions = keys.map(({ version }) => version);
  await db.raw(
    `delete from outbox using unnest(?::uuid[], ?::bigint[]) as published (portfolio_id, version)
     where outbox.portfolio_id = published.portfolio_id and outbox.version = published.version`,
    [ids, versions],
  );
}

/**
 * Deletes messages that were written before the server was started, which a restore of the database brought back.
 * Readers of these ledgers are reset, and get the state that includes them.
 * @param startedAt as in `HistoryPoint`
 */
export async function deleteRestoredMessages(db: Database, startedAt: string): Promise<void> {
  await db.raw('delete from outbox where extract(epoch from server_started_at) < ?::numeric', [startedAt]);
}
