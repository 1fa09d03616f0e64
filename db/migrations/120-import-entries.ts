import type { Knex } from 'knex';

/**
 * Files hold deposits, withdrawals and income too, and rows that only their owner can explain: `import_decisions`, one for
 * each, by what it says and its number among equal ones, so that a file that comes again asks nothing twice. `part`
 * numbers the entries of one row. Nodes of the version before write trades only.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table import_rows
      add column part smallint not null default 0,
      add column kind text not null default 'trade',
      add column asset text,
      add column unit_cost numeric(38, 18),
      alter column base drop not null,
      alter column quote drop not null,
      alter column side drop not null,
      alter column price drop not null,
      drop constraint import_rows_pkey,
      add primary key (import_id, line, part);
    create table import_decisions (
      id uuid primary key,
      portfolio_id uuid not null references portfolios (id) on delete cascade,
      key text not null,
      import_id text not null,
      line integer not null,
      exchange text not null,
      code text not null,
      word text not null,
      time timestamptz(3) not null,
      moves jsonb not null,
      options jsonb not null,
      choice text,
      status text not null check (status in ('open', 'settled')),
      entries uuid[] not null,
      created_at timestamptz(3) not null,
      settled_at timestamptz(3),
      unique (portfolio_id, key)
    );
    create index import_decisions_page_idx on import_decisions (portfolio_id, status, time, line, id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table import_decisions;
    delete from import_rows;
    alter table import_rows
      drop constraint import_rows_pkey,
      drop column part,
      drop column kind,
      drop column asset,
      drop column unit_cost,
      alter column base set not null,
      alter column quote set not null,
      alter column side set not null,
      alter column price set not null,
      add primary key (import_id, line);
  `);
}
