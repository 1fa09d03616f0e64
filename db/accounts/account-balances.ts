import { decimal, type Fixed, fixed } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';

/** How an account's balance of one asset compares. Times are epoch milliseconds. */
export interface ComparedBalance {
  asset: string;
  /** According to the exchange. */
  exchangeAmount: Fixed;
  ledgerAmount: Fixed;
  checkedAt: number;
  /** When the two last agreed; `null` if they never have. */
  agreedAt: number | null;
  /** When they began to differ; `null` if they agree. */
  differsSince: number | null;
}

interface BalanceRow {
  account_id: string;
  asset: string;
  exchange_amount: string;
  ledger_amount: string;
  checked_at: number;
  agreed_at: number | null;
  differs_since: number | null;
}

function toBalance(row: BalanceRow): ComparedBalance {
  return {
    asset: row.asset,
    exchangeAmount: fixed(row.exchange_amount),
    ledgerAmount: fixed(row.ledger_amount),
    checkedAt: row.checked_at,
    agreedAt: row.agreed_at,
    differsSince: row.differs_since,
  };
}

/** The balances of some accounts, by asset. */
export async function balancesOf(
  db: Database,
  accountIds: readonly string[],
): Promise<Map<string, ComparedBalance[]>> {
  const rows: BalanceRow[] = await db('account_balances')
    .whereIn('account_id', accountIds)
    .orderBy(['account_id', 'asset'])
    .select('*');
  const balances = new Map<string, ComparedBalance[]>(accountIds.map((id) => [id, []]));
  for (const row of rows) {
    balances.get(row.account_id)?.push(toBalance(row));
  }
  return balances;
}

/** How the accounts of one portfolio compare: when each was last compared, and which balances differ. */
export interface ComparedAccount {
  reconciledAt: number | null;
  /** At least those that are not exactly equal. */
  balances: readonly ComparedBalance[];
}

/** How the accounts of some portfolios compare, by portfolio; portfolios without an account are left out. */
export async function comparedAccounts(
  db: Database,
  portfolioIds: readonly string[],
): Promise<Map<string, ComparedAccount[]>> {
  const {
    rows,
  }: { rows: (BalanceRow & { id: string; portfolio_id: string; reconciled_at: number | null })[] } =
    await db.raw(
      `select account.id, account.portfolio_id, account.reconciled_at, balance.*
       from exchange_accounts account left join account_balances balance
         on balance.account_id = account.id and balance.exchange_amount <> balance.ledger_amount
       where account.portfolio_id = any(?)`,
      [[...portfolioIds]],
    );
  const accounts = new Map<string, ComparedAccount & { balances: ComparedBalance[] }>();
  const byPortfolio = new Map<string, ComparedAccount[]>();
  for (const row of rows) {
    let account = accounts.get(row.id);
    if (account === undefined) {
      account = { reconciledAt: row.reconciled_at, balances: [] };
      accounts.set(row.id, account);
      const own = byPortfolio.get(row.portfolio_id) ?? [];
      own.push(account);
      byPortfolio.set(row.portfolio_id, own);
    }
    // For an account without balances, the join gives nulls.
    if (row.account_id === row.id) account.balances.push(toBalance(row));
  }
  return byPortfolio;
}

export async function listBalances(db: Database, accountId: string): Promise<ComparedBalance[]> {
  return (await balancesOf(db, [accountId])).get(accountId) ?? [];
}

/**
 * Restarts a difference after something was done about it: the next comparison counts it as new.
 * @param since when the difference began; a difference that began at another time is left alone
 */
export async function recheckBalance(
  db: Database,
  accountId: string,
  { asset, since }: { asset: string; since: number },
): Promise<void> {
  await db('account_balances')
    .where({ account_id: accountId, asset, differs_since: new Date(since) })
    .update({ differs_since: null });
}

/** Replaces the stored balances of an account. */
export async function saveBalances(
  db: Database,
  accountId: string,
  balances: readonly ComparedBalance[],
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx('account_balances')
      .where({ account_id: accountId })
      .whereNotIn(
        'asset',
        balances.map(({ asset }) => asset),
      )
      .delete();
    if (balances.length === 0) return;
    await trx('account_balances')
      .insert(
        balances.map((balance) => ({
          account_id: accountId,
          asset: balance.asset,
          exchange_amount: decimal(balance.exchangeAmount),
          ledger_amount: decimal(balance.ledgerAmount),
          checked_at: new Date(balance.checkedAt),
          agreed_at: balance.agreedAt === null ? null : new Date(balance.agreedAt),
          differs_since: balance.differsSince === null ? null : new Date(balance.differsSince),
        })),
      )
      .onConflict(['account_id', 'asset'])
      .merge();
  });
}
