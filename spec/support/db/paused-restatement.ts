/** Books into a portfolio in a transaction that it holds open until it is told to end it, however long that takes. */
import { once } from 'node:events';
import { openDatabase } from '../../../db/connection/database.ts';
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { lockPortfolio } from '../../../db/ledger/portfolios.ts';
import { refoldAll } from '../../../db/ledger/refold.ts';
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
    const portfolio = await lockPortfolio(trx, portfolioId);
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
