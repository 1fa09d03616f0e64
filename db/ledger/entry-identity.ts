import { hash } from 'node:crypto';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import { type EntryDraft, sequenceOf } from './stored-entry.ts';

/**
 * Tells whether two drafts with the same key are the same: over what the user sent, so neither ids nor rates that were
 * looked up, and `1.50` is `1.5`.
 */
export function contentHash(draft: EntryDraft): string {
  const figures = figuresOf(draft);
  if (draft.kind === 'trade' && draft.orderType !== null) figures.push(draft.orderType);
  const content: unknown[] = [draft.kind, draft.time, figures, draft.orderId, draft.note, draft.tags];
  if (draft.sequence !== undefined) content.push(draft.sequence);
  const more = Object.fromEntries(
    Object.entries(moreOf(draft)).filter(([, value]) => value !== undefined && value !== null),
  );
  // Entries that have none of it are told as they were before there was any.
  if (Object.keys(more).length > 0) content.push(more);
  return hash('sha256', JSON.stringify(content), 'base64url');
}

/** What the figures of an entry follow from. */
function figuresOf(draft: EntryDraft): unknown[] {
  switch (draft.kind) {
    case 'trade': {
      const { base, quote, side, quantity, price, fee } = draft;
      return [
        base,
        quote,
        side,
        decimal(quantity),
        decimal(price),
        fee && [decimal(fee.amount), fee.currency],
      ];
    }
    case 'transfer': {
      const { asset, quantity, fee } = draft;
      return [asset, decimal(quantity), fee && [decimal(fee.amount), fee.currency]];
    }
    case 'convert': {
      const { asset, quantity, unitCost, sources } = draft;
      const given = sources.map((source) => [
        source.asset,
        decimal(source.quantity),
        decimalOrNull(source.received),
      ]);
      return [asset, decimal(quantity), decimalOrNull(unitCost), given];
    }
    default:
      return [draft.asset, decimal(draft.quantity), decimalOrNull(draft.unitCost)];
  }
}

/** What else was sent that an entry is known by. */
function moreOf(draft: EntryDraft): Record<string, string | undefined> {
  const { account } = draft;
  switch (draft.kind) {
    case 'trade':
    case 'convert':
      return { account };
    case 'transfer':
      return { account, toAccount: draft.toAccount, txid: draft.txid };
    default:
      return { account, subtype: draft.subtype, reason: draft.reason, txid: draft.txid };
  }
}

/**
 * Whether a draft is what an entry with this hash was booked as. A sequence that the draft does not tell, or tells as the
 * entry has it, makes no difference: a source need not tell it each time.
 */
export function isBookedAs(
  draft: EntryDraft,
  draftHash: string,
  stored: { contentHash: string; sequence: number | null },
): boolean {
  if (draftHash === stored.contentHash) return true;
  if (stored.sequence === null) return false;
  const { sequence, ...rest } = draft;
  if (sequence === undefined) {
    return contentHash({ ...rest, sequence: stored.sequence }) === stored.contentHash;
  }
  return sequence === stored.sequence && contentHash(rest) === stored.contentHash;
}

/** Begins the external ids that an import makes for rows which have none, of their content and number. */
export const COUNTED = 'csv:';

const RANK: Record<EntryDraft['kind'], number> = {
  deposit: 0,
  adjustment: 0,
  income: 1,
  rebate: 1,
  trade: 2,
  convert: 2,
  transfer: 2,
  withdrawal: 3,
  fee: 3,
};

/**
 * Orders entries of one instant by what they are, so that it is the same in whatever order they arrive. Those that have a
 * sequence come in its order. Of the rest, money comes in before it is spent and goes out after, and purchases come before
 * sales; then the source and its id decide, in which 9 comes before 10. Those without an id come in the order of their
 * figures, and of arrival where these are the same.
 *
 * Versions before this one began the second part otherwise, and their entries stay before those of this one.
 * @param arrival number of arrival in the portfolio, of an entry without external id
 */
export function tieOf(draft: EntryDraft, arrival: number): string {
  const { kind, exchange, externalId } = draft;
  const sequence = sequenceOf(draft);
  const parts =
    externalId === null
      ? [
          '~',
          hash('sha256', JSON.stringify(figuresOf(draft)), 'base64url').slice(0, 22),
          String(arrival).padStart(16, '0'),
        ]
      : externalId.startsWith(COUNTED)
        ? [exchange, externalId]
        : [exchange, externalId.replace(/\d+/g, sortable), externalId];
  const tie = [
    sequence === null ? RANK[kind] : RANK.trade,
    `~~${sequence === null ? '' : sortable(String(sequence))}`,
    kind === 'trade' && draft.side === 'sell'
      ? 'sale'
      : kind === 'adjustment' && draft.quantity < 0n
        ? 'sale'
        : '',
    ...parts,
  ];
  return tie.join('\t').replace(/[^\t -~]/g, escaped);
}

/** A run of digits behind its length: a longer number is a greater one. */
function sortable(digits: string): string {
  const number = digits.replace(/^0+/, '');
  return String(number.length).padStart(3, '0') + number;
}

/** ASCII only: SQL and JavaScript order anything else differently. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
