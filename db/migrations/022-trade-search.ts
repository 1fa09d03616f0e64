import type { Knex } from 'knex';
import { searchColumns } from '../ledger/entries/trade-terms.ts';

/**
 * `search`: the text of a trade as it is searched. `terms`: what it is found by, hashed; see `db/ledger/trade-terms.ts`. Built
 * on an array index alone, so that no extension is needed.
 *
 * The index takes new rows in small portions: every search reads through what is waiting. There are no statistics of
 * these columns: samples of long arrays are dear, and would have the planner take words of one phrase for independent.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries add column search text collate "C", add column terms integer[];
    alter table ledger_entries alter column search set statistics 0, alter column terms set statistics 0;
  `);
  await fillColumns(knex);
  await knex.raw(`
    create index ledger_entries_terms_idx on ledger_entries using gin (terms) with (gin_pending_list_limit = 256)
      where kind = 'trade';
  `);
}

const CHUNK = 2_000;
const NIL = '00000000-0000-0000-0000-000000000000';

interface TradeRow {
  id: string;
  portfolio_id: string;
  base: string;
  quote: string;
  note: string | null;
  order_id: string | null;
  external_id: string | null;
  exchange: string;
  order_type: string | null;
  tags: string[];
}

/** Makes both columns of every trade. */
export async function fillColumns(knex: Knex): Promise<void> {
  for (let after = NIL; ;) {
    const { rows }: { rows: TradeRow[] } = await knex.raw(
      `select id, portfolio_id, base, quote, note, order_id, external_id, exchange, order_type, tags
       from ledger_entries where kind = 'trade' and id > ? order by id limit ${CHUNK}`,
      [after],
    );
    const columns = rows.map((row) => ({
      id: row.id,
      ...searchColumns(row.portfolio_id, {
        base: row.base,
        quote: row.quote,
        note: row.note,
        orderId: row.order_id,
        externalId: row.external_id,
        exchange: row.exchange,
        orderType: row.order_type,
        tags: row.tags,
      }),
    }));
    await knex.raw(
      `update ledger_entries set search = found.search, terms = found.terms
       from json_to_recordset(?::json) as found (id uuid, search text, terms integer[])
       where ledger_entries.id = found.id`,
      [JSON.stringify(columns)],
    );
    const last = rows.at(-1);
    if (last === undefined || rows.length < CHUNK) return;
    after = last.id;
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table ledger_entries drop column search, drop column terms');
}
