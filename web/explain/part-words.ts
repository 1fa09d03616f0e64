import type { components } from 'marktide/client';
import { isListed } from '../entries/entry-kinds.ts';
import { entryWords } from '../entries/entry-words.ts';
import { exact } from '../figures/number.ts';
import { text } from '../text/text.ts';

type AnyEntry = components['schemas']['Entry'];

/** The texts of a ledger entry's row. */
export interface PartWords {
  kind: string;
  /** The asset whose page tells more about it. */
  asset: string;
  details: string;
}

export function partWords(entry: AnyEntry): PartWords {
  if (isListed(entry)) {
    const { kind, asset, quantity, details } = entryWords(entry);
    const moved = quantity === null ? '' : `${exact(quantity)} ${asset}`;
    return { kind, asset, details: [moved, details].filter((part) => part !== '').join(' · ') };
  }
  const [base = '', quote = ''] = entry.symbol.split('/');
  const { fee } = entry;
  const traded = text('explain.trade', {
    quantity: `${exact(entry.quantity)} ${base}`,
    price: `${exact(entry.price)} ${quote}`,
  });
  const paid = fee === null ? '' : text('entryFee', { amount: exact(fee.amount), asset: fee.currency });
  return {
    kind: text(`side.${entry.side}`),
    asset: base,
    details: [traded, paid].filter((part) => part !== '').join(' · '),
  };
}
