import type { Knex } from 'knex';

/** Lists of channels that streams are opened by. `digest` is of the list: a user has each list once. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table stream_subscriptions (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      digest text not null,
      channels text not null,
      expires_at timestamptz(3) not null,
      unique (user_id, digest)
    );
    create index on stream_subscriptions (expires_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table stream_subscriptions');
}
