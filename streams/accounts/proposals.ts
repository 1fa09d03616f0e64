import type { ComparedBalance } from '../../db/accounts/account-balances.ts';
import type { DoubledEntry } from '../../db/accounts/doubled-entries.ts';
import { type ExchangeId, EXCHANGES } from '../../lib/exchanges/exchange.ts';
import { isFiat } from '../../lib/exchanges/fiat.ts';
import { decimal, type Fixed, ZERO } from '../../lib/money/money.ts';
import { isSame } from './reconcile.ts';

/** What may have caused a difference. */
export const CAUSES = ['doubled', 'opening', 'reward', 'deposit', 'withdrawal', 'fee', 'correction'] as const;
export type Cause = (typeof CAUSES)[number];

/** An entry that would settle a difference. */
export type ProposedEntry = { asset: string; quantity: Fixed; time: number } & (
  | { kind: 'deposit' | 'withdrawal' | 'fee' }
  | { kind: 'reward'; subtype: 'airdrop' | 'staking' | 'interest' }
  | { kind: 'adjustment'; subtype: 'opening' | 'correction' }
);

/** A way to settle a difference: book an entry, or remove entries. */
export interface Proposal {
  /** Unique among the proposals of a difference. */
  id: string;
  cause: Cause;
  /** For a person. */
  detail: string;
  books: ProposedEntry | null;
  /** Ids of entries. */
  removes: string[];
}

/** How many entries one proposal may remove, and how many proposals may remove a single entry. */
const TOGETHER = 100;
const SINGLE = 5;

export interface Evidence {
  exchange: ExchangeId;
  /** Entries that say the same as one of the account. */
  doubled: readonly DoubledEntry[];
  /** The time of the account's first entry; `null` if it has none. */
  firstEntryAt: number | null;
}

/** What may explain a difference, most likely first. Each proposal makes the two balances agree. */
export function proposalsFor(balance: ComparedBalance, since: number, evidence: Evidence): Proposal[] {
  const { asset, exchangeAmount, ledgerAmount, agreedAt } = balance;
  const difference = exchangeAmount - ledgerAmount;
  const moved = difference > ZERO ? cameIn(asset, difference, { since, agreedAt }, evidence) : [];
  const left = difference < ZERO ? wentOut(asset, -difference, { since, agreedAt }, evidence) : [];
  return [
    ...removals(asset, difference, evidence),
    ...moved,
    ...left,
    {
      id: 'correction',
      cause: 'correction',
      detail: `Correct the ledger by ${decimal(difference)} ${asset}, without saying what happened.`,
      books: { kind: 'adjustment', subtype: 'correction', asset, quantity: difference, time: since },
      removes: [],
    },
  ];
}

interface Times {
  since: number;
  agreedAt: number | null;
}

function removals(asset: string, difference: Fixed, { doubled }: Evidence): Proposal[] {
  const moving = doubled.filter(({ moves }) => (moves.get(asset) ?? ZERO) !== ZERO);
  const explains = (entries: readonly DoubledEntry[]): boolean =>
    isSame(
      entries.reduce((sum, { moves }) => sum + (moves.get(asset) ?? ZERO), ZERO),
      -difference,
    );
  const single = moving.filter((entry) => explains([entry])).slice(0, SINGLE);
  const proposals = single.map(({ id }): Proposal => ({
    id: `doubled-${id}`,
    cause: 'doubled',
    detail:
      'An entry was booked twice: once from the account, and once from a file or by hand. Remove the other one.',
    books: null,
    removes: [id],
  }));
  if (moving.length < 2 || moving.length > TOGETHER || !explains(moving)) return proposals;
  const all: Proposal = {
    id: 'doubled',
    cause: 'doubled',
    detail: `${moving.length} entries were booked twice: once from the account, and once from a file or by hand. Remove the others.`,
    books: null,
    removes: moving.map(({ id }) => id),
  };
  return [...proposals, all];
}

/** Increases are booked at the earliest possible time, so that nothing is sold before it arrives. */
function cameIn(
  asset: string,
  quantity: Fixed,
  { since, agreedAt }: Times,
  { exchange, firstEntryAt }: Evidence,
): Proposal[] {
  const { name } = EXCHANGES[exchange];
  const time = agreedAt === null ? since : agreedAt + 1;
  const amount = `${decimal(quantity)} ${asset}`;
  const subtypes = isFiat(asset) ? (['interest'] as const) : (['airdrop', 'staking', 'interest'] as const);
  const rewards = subtypes.map((subtype): Proposal => ({
    id: `reward-${subtype}`,
    cause: 'reward',
    detail: `${name} has paid ${amount} as ${REWARD[subtype]}, which it does not list.`,
    books: { kind: 'reward', subtype, asset, quantity, time },
    removes: [],
  }));
  const deposit: Proposal = {
    id: 'deposit',
    cause: 'deposit',
    detail: `${amount} came in that ${name} does not list as a deposit.`,
    books: { kind: 'deposit', asset, quantity, time },
    removes: [],
  };
  if (agreedAt !== null) return [...rewards, deposit];
  const opening: Proposal = {
    id: 'opening',
    cause: 'opening',
    detail: `The account held ${amount} before its history begins: ${name} does not tell what came before.`,
    books: {
      kind: 'adjustment',
      subtype: 'opening',
      asset,
      quantity,
      time: firstEntryAt === null ? since : firstEntryAt - 1,
    },
    removes: [],
  };
  return [opening, ...rewards, deposit];
}

const REWARD = { airdrop: 'an airdrop', staking: 'a staking reward', interest: 'interest' } as const;

/** Decreases are booked at the latest possible time, so that nothing leaves before it arrives. */
function wentOut(asset: string, quantity: Fixed, { since }: Times, { exchange }: Evidence): Proposal[] {
  const { name } = EXCHANGES[exchange];
  const amount = `${decimal(quantity)} ${asset}`;
  return [
    {
      id: 'withdrawal',
      cause: 'withdrawal',
      detail: `${amount} went out that ${name} does not list as a withdrawal.`,
      books: { kind: 'withdrawal', asset, quantity, time: since },
      removes: [],
    },
    {
      id: 'fee',
      cause: 'fee',
      detail: `${name} has charged a fee of ${amount} that belongs to no other entry.`,
      books: { kind: 'fee', asset, quantity, time: since },
      removes: [],
    },
  ];
}
