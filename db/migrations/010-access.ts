import type { Knex } from 'knex';

/**
 * `refresh_tokens.successor_salt`: with it, the token itself and the secret, the successor can be made once more; with
 * it alone nothing.
 *
 * The audit log refers to nothing by a foreign key: it outlives the users it tells of.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table refresh_tokens add column successor_salt text, add column successor_hash text;

    create table api_keys (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      name text not null,
      prefix text not null,
      hash text not null unique,
      scopes text[] not null,
      allowed_ips text[] not null default '{}',
      created_at timestamptz(3) not null,
      expires_at timestamptz(3),
      last_used_at timestamptz(3)
    );
    create index on api_keys (user_id, id);

    create table portfolio_shares (
      portfolio_id uuid not null references portfolios on delete cascade,
      user_id uuid not null references users on delete cascade,
      access text not null check (access in ('read', 'write')),
      created_at timestamptz(3) not null,
      primary key (portfolio_id, user_id)
    );
    create index on portfolio_shares (user_id, portfolio_id);

    create table audit_events (
      id uuid primary key,
      time timestamptz(3) not null,
      type text not null,
      actor_id uuid,
      user_id uuid,
      ip text not null,
      request_id text not null,
      details jsonb not null
    );
    create index on audit_events (time);
    create index on audit_events (user_id, id);
    create index on audit_events (type, id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table audit_events, portfolio_shares, api_keys;
    alter table refresh_tokens drop column successor_salt, drop column successor_hash;
  `);
}
