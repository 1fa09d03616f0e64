import type { Fixed } from '../../money/money.ts';

/** A withdrawal or deposit without a match. */
export interface OpenMovement {
  id: string;
  kind: 'withdrawal' | 'deposit';
  portfolioId: string;
  asset: string;
  /** For a withdrawal, without its stated fee. */
  quantity: Fixed;
  /** Epoch milliseconds. */
  time: number;
  /** The account or, without one, the exchange; absent if neither is known. */
  place?: string | undefined;
  /** The id of the transaction on the chain. */
  txid?: string | undefined;
}

/**
 * Why a deposit may be the arrival of a withdrawal: both name the same transaction, or the deposit came within the time
 * that transfers take, with the same quantity or slightly less, as after a fee.
 */
export const MATCH_REASONS = ['txid', 'quantity', 'quantity-less-fee'] as const;
export type MatchReason = (typeof MATCH_REASONS)[number];

export interface TransferMatch<M extends OpenMovement> {
  withdrawal: M;
  deposit: M;
  reason: MatchReason;
  /** Neither of the two fits another entry, and the quantities or transactions are equal. */
  sure: boolean;
  /** How many deposits fit the withdrawal, this one included. */
  deposits: number;
  /** How many withdrawals fit the deposit, this one included. */
  withdrawals: number;
}

/** The clocks of two exchanges differ, and a deposit may be booked at the time of its transaction. */
export const EARLIEST_MS = -10 * 60_000;
export const LATEST_MS = 72 * 3_600_000;
/** The largest share of a withdrawal that can be its fee, as 1/n. */
const LARGEST_FEE = 20n;
/** How many deposits are offered per withdrawal: the nearest in time. */
export const MATCHES_PER_WITHDRAWAL = 10;

/**
 * Finds the deposits that may be the arrival of withdrawals. A pair that fits for a stronger reason is not compared for
 * a weaker one. The result depends only on the entries, not on their order. It is sorted by withdrawal, newest first,
 * then by the deposit nearest in time.
 * @param isRejected whether the user has said that the two do not belong together
 */
export function transferMatches<M extends OpenMovement>(
  movements: Iterable<M>,
  isRejected: (withdrawalId: string, depositId: string) => boolean = () => false,
): TransferMatch<M>[] {
  const ordered = [...movements].sort((a, b) => a.time - b.time);
  const matches: TransferMatch<M>[] = [];
  for (const ofAsset of byAsset(ordered)) {
    let open = ofAsset;
    for (const reason of MATCH_REASONS) {
      const deposits = open.filter(({ kind }) => kind === 'deposit');
      const fitting = new Map<M, M[]>();
      const counts = new Map<M, number>();
      for (const withdrawal of open) {
        if (withdrawal.kind !== 'withdrawal') continue;
        const found = candidates(withdrawal, deposits, reason).filter(
          (deposit) => !isRejected(withdrawal.id, deposit.id),
        );
        if (found.length > 0) fitting.set(withdrawal, found);
        for (const deposit of found) counts.set(deposit, (counts.get(deposit) ?? 0) + 1);
      }
      for (const [withdrawal, found] of fitting) {
        for (const deposit of nearest(withdrawal, found)) {
          const withdrawals = counts.get(deposit) ?? 0;
          const sure = reason !== 'quantity-less-fee' && found.length === 1 && withdrawals === 1;
          matches.push({ withdrawal, deposit, reason, sure, deposits: found.length, withdrawals });
        }
      }
      open = open.filter((movement) => !fitting.has(movement) && !counts.has(movement));
    }
  }
  // Stable sort: the deposits of one withdrawal stay in order.
  return matches.sort(
    (a, b) =>
      b.withdrawal.time - a.withdrawal.time ||
      (a.withdrawal.id === b.withdrawal.id ? 0 : a.withdrawal.id < b.withdrawal.id ? -1 : 1),
  );
}

function byAsset<M extends OpenMovement>(movements: readonly M[]): Iterable<M[]> {
  const groups = new Map<string, M[]>();
  for (const movement of movements) {
    const group = groups.get(movement.asset);
    if (group === undefined) groups.set(movement.asset, [movement]);
    else group.push(movement);
  }
  return groups.values();
}

/** @param deposits by time */
function candidates<M extends OpenMovement>(withdrawal: M, deposits: readonly M[], reason: MatchReason): M[] {
  if (reason === 'txid') {
    if (withdrawal.txid === undefined) return [];
    return deposits.filter(
      (deposit) => withdrawal.txid === deposit.txid && deposit.quantity <= withdrawal.quantity,
    );
  }
  const found: M[] = [];
  for (let index = firstSince(deposits, withdrawal.time + EARLIEST_MS); index < deposits.length; index += 1) {
    const deposit = deposits[index];
    if (deposit === undefined || deposit.time > withdrawal.time + LATEST_MS) break;
    if (isElsewhere(withdrawal, deposit) && fits(withdrawal.quantity, deposit.quantity, reason)) {
      found.push(deposit);
    }
  }
  return found;
}

function fits(left: Fixed, arrived: Fixed, reason: MatchReason): boolean {
  if (reason === 'quantity') return left === arrived;
  return arrived < left && (left - arrived) * LARGEST_FEE <= left;
}

/** In another or an unknown portfolio or place, and not with a different transaction. */
function isElsewhere(withdrawal: OpenMovement, deposit: OpenMovement): boolean {
  const isHere = withdrawal.portfolioId === deposit.portfolioId;
  if (isHere && withdrawal.place !== undefined && withdrawal.place === deposit.place) return false;
  return withdrawal.txid === undefined || deposit.txid === undefined || withdrawal.txid === deposit.txid;
}

/** Index of the first one at or after a time. */
function firstSince(ordered: readonly OpenMovement[], time: number): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ordered[middle]?.time ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nearest<M extends OpenMovement>({ time }: M, deposits: readonly M[]): M[] {
  const away = (deposit: M): number => Math.abs(deposit.time - time);
  return [...deposits]
    .sort((a, b) => away(a) - away(b) || (a.id < b.id ? -1 : 1))
    .slice(0, MATCHES_PER_WITHDRAWAL);
}
