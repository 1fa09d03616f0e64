/** Books a ledger, then late entries into the middle of it one after the other until it dies; prints after each. */
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { openDatabase } from '../../../db/connection/database.ts';
import { migrate } from '../../../db/migrations/migrate.ts';
import { createLogger } from '../../../lib/logging/log.ts';
import { clock, newPortfolio, trade } from './fixture.ts';

const url = process.argv[2] ?? '';
const { knex } = await openDatabase({ url, log: createLogger('silent') });
await migrate(knex);
const { id } = await newPortfolio(knex, { costMethod: 'fifo' }, `restate-${process.pid}@example.org`);
const drafts = Array.from({ length: 4_000 }, (_, n) => trade(`t${n}`, n, n % 3 === 2 ? '-0.015' : '0.01'));
await bookEntries(knex, id, drafts, { clock });
process.stdout.write(`${id}\n`);
for (let total = 0; ; total += 1) {
  await bookEntries(knex, id, [trade(`late${total}`, 1_000 + total / 100, '0.01')], { clock });
  process.stdout.write(`${total + 1}\n`);
}
