import { hash } from 'node:crypto';
import { decimal, decimalOrNull } from '../../../lib/money/money.ts';
import { type EntryDraft, sequenceOf } from './stored-entry.ts';

/**
 * Tells whether two drafts with the same key are equal. It covers what the user sent, so neither ids nor rates that
 * were looked up, and `1.50` equals `1.5`.
 */
export function contentHash(draft: EntryDraft): string {
  const figures = figuresOf(draft);
  if (draft.kind === 'trade' && draft.orderType !== null) figures.push(draft.orderType);
  const content: unknown[] = [draft.kind, draft.time, figures, draft.orderId, draft.note, draft.tags];
  if (draft.sequence !== undefined) content.push(draft.sequence);
  const more = Object.fromEntries(
    Object.entries(moreOf(draft)).filter(([, value]) => value !== undefined && value !== null),
  );
  // Entries without any of these keep the hash that they had before these were introduced.
  if (Object.keys(more).length > 0) content.push(more);
  return hash('sha256', JSON.stringify(content), 'base64url');
}

/** What determines the figures of an entry. */
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
    case 'rename':
    case 'redenomination':
    case 'fork':
      return [draft.asset, decimal(draft.quantity), draft.from, decimal(draft.per)];
    default:
      return [draft.asset, decimal(draft.quantity), decimalOrNull(draft.unitCost)];
  }
}

/** What else was sent that identifies an entry. */
function moreOf(draft: EntryDraft): Record<string, string | undefined> {
  const { account } = draft;
  switch (draft.kind) {
    case 'trade':
    case 'convert':
    case 'rename':
    case 'redenomination':
    case 'fork':
      return { account };
    case 'transfer':
      return { account, toAccount: draft.toAccount, txid: draft.txid };
    default:
      return {
        account,
        subtype: draft.subtype,
        reason: draft.reason,
        txid: draft.txid,
        networkFee: draft.networkFee === undefined ? undefined : decimal(draft.networkFee),
      };
  }
}

/**
 * Whether a draft equals the one that an entry with this hash was booked from. A sequence that the draft lacks, or
 * shares with the entry, makes no difference: a source need not repeat it.
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

/** The beginning of the external ids that an import derives, from content and number, for rows without one. */
export const COUNTED = 'csv:';

/**
 * The beginning of those derived for files of this program's own layout, which are never shown: such an entry goes out
 * into a file without an id, as it came in.
 */
export const OWN_COUNTED = `${COUNTED}marktide:`;

/** The external id of an entry as its source gave it. */
export function givenId(externalId: string | null): string | null {
  return externalId?.startsWith(OWN_COUNTED) === true ? null : externalId;
}

const RANK: Record<EntryDraft['kind'], number> = {
  deposit: 0,
  adjustment: 0,
  income: 1,
  rebate: 1,
  trade: 2,
  convert: 2,
  transfer: 2,
  rename: 2,
  redenomination: 2,
  fork: 2,
  withdrawal: 3,
  fee: 3,
};

/**
 * Orders entries of one instant by their content, so that the result does not depend on the order of arrival. Entries
 * with a sequence come in its order. Among the rest, money comes in before it is spent and goes out last, and purchases
 * come before sales; then the source and its id decide, with 9 before 10. Entries without an id, or in whose stead an
 * import has made one that is not shown, are ordered by their figures and, if these are equal, by arrival. Earlier versions began the second part differently, and their entries
 * stay before those of this one.
 * @param arrival number of arrival in the portfolio, for an entry without an external id
 */
export function tieOf(draft: EntryDraft, arrival: number): string {
  const { kind, exchange } = draft;
  const externalId = givenId(draft.externalId);
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

/** A run of digits preceded by its length, so that a longer number is greater. */
function sortable(digits: string): string {
  const number = digits.replace(/^0+/, '');
  return String(number.length).padStart(3, '0') + number;
}

/** ASCII only: SQL and JavaScript order everything else differently. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
