import { PGlite } from '@electric-sql/pglite';
import { openDatabase } from '../../db/connection/database.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import { migratedData } from './data-folder.ts';
import { quiet } from './log-watch.ts';
import { OWN_FLEET } from './own-fleet.ts';

/** An embedded database in memory that outlives the suite which uses it. */
export interface Engine {
  lite: PGlite;
  uses: number;
  /** What its catalogue comes to when it is just migrated. */
  schema: string;
}

/** Those that no suite uses now. */
const idle: Engine[] = [];

/** After so many suites an engine is let go: each leaves dead rows in the catalogue, and its memory never shrinks. */
const USES = 24;

const DROP = 'drop schema public cascade; create schema public';

/**
 * With the current schema, and no rows but what the migrations insert. To start an engine takes most of a second of
 * processor time, to migrate one a third of that, to empty one next to nothing.
 */
export async function migratedEngine(): Promise<Engine> {
  const engine = await takeEngine();
  if ((await schemaOf(engine.lite)) !== engine.schema) {
    await engine.lite.exec(DROP);
    const { knex, close } = await openDatabase({ log: quiet, engine: engine.lite });
    await migrate(knex).finally(close);
    engine.schema = await schemaOf(engine.lite);
  }
  await engine.lite.exec(`${await emptying(engine.lite)}; ${OWN_FLEET}`);
  return engine;
}

/** Without any schema, for suites of the migrations. */
export async function emptyEngine(): Promise<Engine> {
  const engine = await takeEngine();
  await engine.lite.exec(DROP);
  return engine;
}

async function takeEngine(): Promise<Engine> {
  const engine = idle.pop();
  if (engine === undefined) {
    const lite = await PGlite.create({ dataDir: 'memory://', loadDataDir: await migratedData() });
    return { lite, uses: 1, schema: await schemaOf(lite) };
  }
  await engine.lite.exec('rollback');
  engine.uses += 1;
  return engine;
}

export async function releaseEngine(engine: Engine): Promise<void> {
  if (engine.uses < USES) idle.push(engine);
  else await engine.lite.close();
}

/** In a run of one process nothing else would end them. */
export async function closeIdleEngines(): Promise<void> {
  for (const { lite } of idle.splice(0)) await lite.close();
}

async function emptying(lite: PGlite): Promise<string> {
  const { rows } = await lite.query<{ names: string }>(`
    select string_agg(quote_ident(tablename), ', ') as names from pg_tables
    where schemaname = 'public' and tablename not like 'knex%'`);
  return `truncate ${rows[0]?.names} restart identity`;
}

/** Differs when a suite has left another table, column, constraint, index, trigger or function. */
async function schemaOf(lite: PGlite): Promise<string> {
  const { rows } = await lite.query<{ schema: string | null }>(`
    with relations as (select * from pg_class where relnamespace = to_regnamespace('public')),
    parts (part) as (
      select format('%s %s %s', oid, relname, relkind) from relations
      union all select format('%s %s %s %s', attrelid, attname, atttypid, attnotnull)
        from pg_attribute where attrelid in (select oid from relations)
      union all select format('%s %s', oid, conname) from pg_constraint
      union all select format('%s %s %s', oid, tgname, tgenabled) from pg_trigger
      union all select format('%s %s', oid, prosrc) from pg_proc where pronamespace = to_regnamespace('public')
    )
    select md5(string_agg(part, chr(10) order by part)) as schema from parts`);
  return rows[0]?.schema ?? '';
}
