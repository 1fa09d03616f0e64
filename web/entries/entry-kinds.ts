import type { components } from 'marktide/client';

type Schemas = components['schemas'];

/**
 * The kinds of entries, other than trades, that are listed and can be entered by hand; the most common first.
 */
export const ENTRY_KINDS = [
  'deposit',
  'withdrawal',
  'transfer',
  'reward',
  'convert',
  'fee',
  'rebate',
  'adjustment',
  'rename',
  'redenomination',
  'fork',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export type Entry = Extract<Schemas['Entry'], { kind: EntryKind }>;

export const REWARD_SUBTYPES = ['staking', 'interest', 'airdrop', 'mining', 'referral', 'cashback'] as const;
export const ADJUSTMENT_SUBTYPES = ['correction', 'opening'] as const;

export function isListed(entry: Schemas['Entry']): entry is Entry {
  return ENTRY_KINDS.some((kind) => kind === entry.kind);
}
