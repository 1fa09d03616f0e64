import { exact } from '../figures/number.ts';
import { text } from '../text/text.ts';
import type { Entry } from './entry-kinds.ts';

/** The texts of an entry's row in the list. */
export interface EntryWords {
  kind: string;
  asset: string;
  /** `null` for all of the asset. */
  quantity: string | null;
  /** Origin and destination, purpose, cost; `''` if there is nothing more to say. */
  details: string;
}

/** `Reward: staking`. */
function kindOf(entry: Entry): string {
  const kind = text(`entry.${entry.kind}`);
  const subtype = 'subtype' in entry ? entry.subtype : null;
  return subtype === null || subtype === 'correction' ? kind : `${kind}: ${text(`subtype.${subtype}`)}`;
}

function feeOf(entry: Entry): string {
  if (entry.kind === 'transfer' && entry.fee !== null) {
    return text('entryFee', { amount: exact(entry.fee.amount), asset: entry.fee.currency });
  }
  if (entry.kind !== 'withdrawal' || entry.networkFee === null) return '';
  return text('entryFee', { amount: exact(entry.networkFee), asset: entry.asset });
}

function changeOf(entry: Entry): string {
  switch (entry.kind) {
    case 'convert': {
      const given = entry.from.map(({ asset, quantity }) => `${exact(quantity)} ${asset}`).join(' + ');
      return text('entryFrom', { given });
    }
    case 'transfer':
      return text('entryBetween', { from: entry.account ?? '', to: entry.toAccount });
    case 'redenomination': {
      const { from, to } = entry.ratio;
      return `${exact(from)} ${entry.asset} → ${exact(to)} ${entry.toAsset}`;
    }
    case 'fork':
      return text('entryFrom', { given: entry.asset });
    case 'adjustment':
      return entry.reason;
    default:
      return '';
  }
}

function placeOf(entry: Entry): string {
  if (entry.kind === 'transfer') return '';
  return entry.account ?? '';
}

export function entryWords(entry: Entry): EntryWords {
  const unitCost = 'unitCost' in entry ? entry.unitCost : null;
  const details = [
    changeOf(entry),
    feeOf(entry),
    unitCost === null ? '' : text('entryCost', { cost: exact(unitCost) }),
    placeOf(entry),
  ];
  const words = { kind: kindOf(entry), details: details.filter((part) => part !== '').join(' · ') };
  switch (entry.kind) {
    case 'convert':
      return { ...words, asset: entry.to.asset, quantity: entry.to.quantity };
    case 'rename':
      return { ...words, asset: `${entry.asset} → ${entry.toAsset}`, quantity: null };
    case 'redenomination':
      return { ...words, asset: entry.toAsset, quantity: null };
    case 'fork':
      return { ...words, asset: entry.toAsset, quantity: entry.quantity };
    default:
      return { ...words, asset: entry.asset, quantity: entry.quantity };
  }
}
