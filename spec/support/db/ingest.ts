/** Books entries one batch after the other until it dies, and prints the total after each one is acknowledged. */
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { openDatabase } from '../../../db/connection/database.ts';
import { migrate } from '../../../db/migrations/migrate.ts';
import { createLogger } from '../../../lib/logging/log.ts';
import { clock, newPortfolio, trade } from './fixture.ts';

const place = process.argv[2] ?? '';
const log = createLogger('silent');
const { knex } = await openDatabase(
  place.startsWith('postgres:') ? { url: place, log } : { dataDir: place, log },
);
await migrate(knex);
const { id } = await newPortfolio(knex, {}, `ingest-${process.pid}@example.org`);
process.stdout.write(`${id}\n`);
for (let total = 0; ;) {
  const size = 1 + (total % 7);
  const drafts = Array.from({ length: size }, (_, n) => trade(`t${total + n}`, total + n, '0.01'));
  await bookEntries(knex, id, drafts, { clock });
  total += size;
  process.stdout.write(`${total}\n`);
}
