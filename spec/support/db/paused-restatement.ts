/** Books into a portfolio in a transaction that it holds open until it is told to end it, however long that takes. */
import { once } from 'node:events';
import { openDatabase } from '../../../db/connection/database.ts';
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { ledgerOf, lockLedgers } from '../../../db/ledger/portfolios/linked-ledgers.ts';
import { refoldAll } from '../../../db/ledger/positions/refold.ts';
import { createLogger } from '../../../lib/logging/log.ts';
import { clock, trade } from './fixture.ts';

const [url = '', portfolioId = ''] = process.argv.slice(2);
const { knex, close } = await openDatabase({
  url,
  log: createLogger('silent'),
  idleTransactionTimeout: 500,
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
try {
  await knex.transaction(async (trx) => {
    const portfolio = ledgerOf(await lockLedgers(trx, [portfolioId]), portfolioId);
    await bookEntries(trx, portfolioId, [trade('paused', 3, '0.5')], { clock });
    await refoldAll(trx, portfolioId, portfolio);
    say('held');
    await once(process.stdin, 'data');
  });
  say('written');
} catch {
  say('refused');
}
await close().catch(() => undefined);
process.stdin.destroy();
