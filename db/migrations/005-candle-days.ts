import type { Knex } from 'knex';

/**
 * Whole UTC days beside the minutes: loaded from an exchange's history, or left when a day's minutes are pruned. A day
 * stands at its last millisecond, where no minute can stand: whoever asks for the last price at a time finds its close
 * once the day is over, and never before.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table candles add column daily boolean not null default false;
    create index on candles (time) where not daily;
    drop index candles_time_idx;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from candles where daily;
    create index on candles (time);
    alter table candles drop column daily;
  `);
}
