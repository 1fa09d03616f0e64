import type { components } from 'marktide/client';
import { exact } from '../figures/number.ts';
import { text } from '../text/text.ts';

type Schemas = components['schemas'];
export type Discrepancy = Schemas['Discrepancy'];
export type Proposal = Schemas['DiscrepancyProposal'];

/** Without its sign: the text around it states the direction. */
function magnitude(decimal: string): string {
  return exact(decimal.replace('-', ''));
}

/** Which asset differs, and by how much. */
export function differenceInWords({ asset, difference }: Discrepancy): string {
  const values = { quantity: magnitude(difference), asset };
  return text(difference.startsWith('-') ? 'discrepancy.less' : 'discrepancy.more', values);
}

/** What may have happened. */
export function proposalInWords({ cause, books, removes }: Proposal): string {
  if (cause === 'reward') {
    const { subtype } = books ?? {};
    if (subtype === 'airdrop' || subtype === 'staking' || subtype === 'interest')
      return text(`cause.${subtype}`);
    return text('cause.reward');
  }
  return cause === 'doubled'
    ? text('cause.doubled', { count: String(removes.length) })
    : text(`cause.${cause}`);
}

/** What accepting it does. */
export function effectInWords({ books, removes }: Proposal, timeOf: (time: string) => string): string {
  if (books !== null) {
    const { asset, quantity, time } = books;
    return text('proposal.books', { quantity: exact(quantity), asset, time: timeOf(time) });
  }
  return text('proposal.removes', { times: removes.map(({ time }) => timeOf(time)).join(', ') });
}
