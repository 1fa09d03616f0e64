import type { Knex } from 'knex';

/** Lots of checkpoints that have many, in pieces: none of them is read or written in one go. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table checkpoint_lots (
      portfolio_id uuid not null,
      cost_method text not null,
      asset text not null,
      time timestamptz(3) not null,
      tie text collate "C" not null,
      piece integer not null,
      lots json not null,
      primary key (portfolio_id, cost_method, asset, time, tie, piece),
      foreign key (portfolio_id, cost_method, asset, time, tie) references position_checkpoints on delete cascade
    );
    alter table checkpoint_lots alter column portfolio_id set statistics 0;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table checkpoint_lots');
}
