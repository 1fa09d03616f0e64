import type { ClockFace } from '../figures/clock-face.ts';
import {
  differenceInWords,
  type Discrepancy,
  effectInWords,
  type Proposal,
  proposalInWords,
} from './discrepancy-words.ts';

interface Props {
  discrepancy: Discrepancy;
  face: ClockFace;
  isBusy: boolean;
  /** Omitted if nothing may be changed. */
  onAccept?: ((proposal: Proposal) => void) | undefined;
}

/** A differing balance with possible explanations, each of which can be booked with a click. */
export function DiscrepancyItem({ discrepancy, face, isBusy, onAccept }: Props) {
  return (
    <li data-discrepancy={discrepancy.asset}>
      <p>
        <strong>{discrepancy.asset}</strong> {differenceInWords(discrepancy)}
      </p>
      {onAccept !== undefined && (
        <ul class="decision-options">
          {discrepancy.proposals.map((proposal) => (
            <li key={proposal.id}>
              <button
                type="button"
                name="proposal"
                value={proposal.id}
                disabled={isBusy}
                onClick={() => onAccept(proposal)}
              >
                {proposalInWords(proposal)}
              </button>
              <span class="aside figures">{effectInWords(proposal, face.dateTime)}</span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
