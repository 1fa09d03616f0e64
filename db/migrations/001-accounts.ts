import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table users (
      id uuid primary key,
      email text not null unique check (email = lower(email)),
      name text,
      password_hash text not null,
      role text not null check (role in ('viewer', 'trader', 'admin')),
      disabled_at timestamptz(3),
      created_at timestamptz(3) not null
    );

    create table sessions (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      created_at timestamptz(3) not null,
      last_used_at timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      revoked_at timestamptz(3)
    );
    create index on sessions (user_id);
    create index on sessions (expires_at);

    create table refresh_tokens (
      hash text primary key,
      session_id uuid not null references sessions on delete cascade,
      created_at timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      used_at timestamptz(3)
    );
    create index on refresh_tokens (session_id);
    create index on refresh_tokens (expires_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table refresh_tokens, sessions, users');
}
