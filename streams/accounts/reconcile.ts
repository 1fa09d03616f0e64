import type { ComparedAccount, ComparedBalance } from '../../db/accounts/account-balances.ts';
import { abs, type Fixed, fixed, ZERO } from '../../lib/money/money.ts';

/** Exchanges state eight decimals, so smaller differences do not count. */
const PRECISION = fixed('0.00000001');

/**
 * `checking`: the balances differ for the first time, which may be due to a fill between reading the history
 * and the balances.
 */
export type BalanceStatus = 'agreed' | 'checking' | 'differs';

export function statusOf({ exchangeAmount, ledgerAmount, differsSince }: ComparedBalance): BalanceStatus {
  if (isSame(exchangeAmount, ledgerAmount)) return 'agreed';
  return differsSince === null ? 'checking' : 'differs';
}

/** Whether two amounts are the same, to the precision of exchanges. */
export function isSame(a: Fixed, b: Fixed): boolean {
  return abs(a - b) < PRECISION;
}

/**
 * Compares the exchange's balances with the ledger's, asset by asset. A difference counts if it was there at
 * the previous comparison too.
 * @param ignored assets that the ledger does not keep
 */
export function compareBalances(
  {
    exchange,
    ledger,
    before,
  }: {
    exchange: ReadonlyMap<string, Fixed>;
    ledger: ReadonlyMap<string, Fixed>;
    before: readonly ComparedBalance[];
  },
  now: number,
  ignored: ReadonlySet<string>,
): ComparedBalance[] {
  const earlier = new Map(before.map((balance) => [balance.asset, balance]));
  const assets = [...new Set([...exchange.keys(), ...ledger.keys()])].filter((asset) => !ignored.has(asset));
  return assets.sort().flatMap((asset) => {
    const exchangeAmount = exchange.get(asset) ?? ZERO;
    const ledgerAmount = ledger.get(asset) ?? ZERO;
    const last = earlier.get(asset);
    const isAgreed = isSame(exchangeAmount, ledgerAmount);
    // Assets that are long gone need no line.
    if (isAgreed && exchangeAmount === ZERO && last === undefined) return [];
    const isRepeated =
      last !== undefined && isSame(exchangeAmount - ledgerAmount, last.exchangeAmount - last.ledgerAmount);
    const since = isRepeated ? (last.differsSince ?? last.checkedAt) : (last?.differsSince ?? null);
    return [
      {
        asset,
        exchangeAmount,
        ledgerAmount,
        checkedAt: now,
        agreedAt: isAgreed ? now : (last?.agreedAt ?? null),
        differsSince: isAgreed ? null : since,
      },
    ];
  });
}

/** Whether every balance of an account agrees; `null` if unknown. */
export function isReconciled({ reconciledAt, balances }: ComparedAccount): boolean | null {
  if (reconciledAt === null) return null;
  const statuses = new Set(balances.map(statusOf));
  if (statuses.has('differs')) return false;
  return statuses.has('checking') ? null : true;
}

/**
 * Whether every balance of all these accounts agrees, and as of when; `null` if unknown, or there are no
 * accounts.
 */
export function reconciliationOf(accounts: readonly ComparedAccount[]): {
  reconciled: boolean | null;
  reconciledAt: number | null;
} {
  const states = new Set(accounts.map(isReconciled));
  const reconciled = states.has(false) ? false : states.has(null) || accounts.length === 0 ? null : true;
  // As of the account compared longest ago.
  const times = accounts.map(({ reconciledAt }) => reconciledAt ?? -Infinity);
  const reconciledAt = Math.min(...times);
  return { reconciled, reconciledAt: Number.isFinite(reconciledAt) ? reconciledAt : null };
}
