import type { Knex } from 'knex';
import { decimalOrNull, fixed, type Fixed } from '../../lib/money/money.ts';
import { valuedTrade } from '../../lib/pnl/ledger/valued-trade.ts';

/**
 * What lists of trades are sorted by and added up from.
 *
 * - `value`, `fee_value`: what changed hands and the fee, in the portfolio's base currency at the trade's own rates; null
 *   for want of a rate. They follow from the row alone.
 * - `trade_results`: what a sale realised under the portfolio's own cost method, restated with the positions. A table of
 *   its own: a late fill restates many of them, and their rows are narrow and in few indexes. Positions are marked as
 *   another version's, so that they, and with them the results, are made anew when next needed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries add column value numeric, add column fee_value numeric;

    create table trade_results (
      entry_id uuid primary key references ledger_entries on delete cascade,
      portfolio_id uuid not null,
      gross numeric,
      net numeric,
      uncovered numeric not null,
      opened_at timestamptz(3)
    );

    update positions set state = jsonb_set(state, '{v}', '0');
  `);
  await fillFigures(knex);
  await knex.raw(`
    create index on ledger_entries (portfolio_id, value, id) where kind = 'trade';
    create index on ledger_entries (portfolio_id, fee_value, id) where kind = 'trade';
    create index on ledger_entries (portfolio_id, symbol collate "C", time, tie, id) where kind = 'trade';
    create index on ledger_entries (portfolio_id, time, tie, id) where kind = 'trade' and value is null;
    create index on ledger_entries (portfolio_id, time, tie, id) where kind = 'trade' and fee_value is null;
    create index on trade_results (portfolio_id, net, entry_id);
  `);
}

const CHUNK = 5_000;
const NIL = '00000000-0000-0000-0000-000000000000';

interface TradeRow {
  id: string;
  base_currency: string;
  base: string;
  quote: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  fee_amount: string | null;
  fee_currency: string | null;
  quote_rate: string | null;
  fee_rate: string | null;
}

async function fillFigures(knex: Knex): Promise<void> {
  for (let after = NIL; ;) {
    const { rows }: { rows: TradeRow[] } = await knex.raw(
      `select e.id, base_currency, base, quote, side, quantity, price, fee_amount, fee_currency, quote_rate, fee_rate
       from ledger_entries e join portfolios p on p.id = portfolio_id
       where kind = 'trade' and e.id > ? order by e.id limit ${CHUNK}`,
      [after],
    );
    await knex.raw(
      `update ledger_entries set value = figures.value, fee_value = figures.fee
       from json_to_recordset(?::json) as figures (id uuid, value numeric, fee numeric)
       where ledger_entries.id = figures.id`,
      [JSON.stringify(rows.map(figuresOf))],
    );
    const last = rows.at(-1);
    if (last === undefined || rows.length < CHUNK) return;
    after = last.id;
  }
}

function figuresOf(row: TradeRow): { id: string; value: string | null; fee: string | null } {
  const { id, base, quote, side, fee_amount: feeAmount, fee_currency: feeCurrency } = row;
  const rate = (text: string | null): Fixed | null => (text === null ? null : fixed(text));
  const trade = {
    id,
    kind: 'trade',
    time: 0,
    tie: '',
    base,
    quote,
    side,
    quantity: fixed(row.quantity),
    price: fixed(row.price),
    fee:
      feeAmount === null || feeCurrency === null ? null : { amount: fixed(feeAmount), currency: feeCurrency },
    quoteRate: rate(row.quote_rate),
    feeRate: rate(row.fee_rate),
  } as const;
  const { value, fee } = valuedTrade(trade, { baseCurrency: row.base_currency });
  return { id, value: decimalOrNull(value), fee: decimalOrNull(fee.value) };
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table trade_results;
    drop index ledger_entries_portfolio_id_symbol_time_tie_id_idx;
    alter table ledger_entries drop column value, drop column fee_value;
  `);
}
