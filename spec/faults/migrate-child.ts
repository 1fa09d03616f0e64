/** Brings a database up to date, and says when it has begun and when it is through. */
import { openDatabase } from '../../db/connection/database.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import { createLogger } from '../../lib/logging/log.ts';

const place = process.argv[2] ?? '';
const log = createLogger('silent');
const { knex, close } = await openDatabase(
  place.startsWith('postgres:') ? { url: place, log } : { dataDir: place, log },
);
process.stdout.write('open\n');
await migrate(knex);
process.stdout.write('through\n');
await close();
