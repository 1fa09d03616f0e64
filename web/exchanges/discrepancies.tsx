import { useState } from 'preact/hooks';
import type { ExchangeAccount, Portfolio } from '../api.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { DiscrepancyItem } from './discrepancy-item.tsx';
import { type Discrepancy, effectInWords, type Proposal, proposalInWords } from './discrepancy-words.ts';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  account: ExchangeAccount;
}

/** The last accepted proposal. */
interface Settled {
  words: string;
  /** The entry to remove in order to undo it; `null` if none was booked. */
  entryId: string | null;
}

/** The differing balances of an account, each with proposals, and a button to undo the last accepted one. */
export function Discrepancies({ dashboard, portfolio, account }: Props) {
  const { client, changes, connection } = dashboard;
  const face = connection.face.value;
  const path = { portfolioId: portfolio.id };
  const [settled, setSettled] = useState<Settled | null>(null);
  const query = useQuery({
    load: (signal) => client.api.listDiscrepancies({ path }, { signal }),
    of: [account.id, account.reconciledAt, account.reconciled],
    isOn: account.reconciled === false,
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const accept = ({ id, asset }: Discrepancy, proposal: Proposal): void =>
    run(async () => {
      const { booked } = await client.api.acceptDiscrepancyProposal({
        path: { ...path, discrepancyId: id },
        body: { proposal: proposal.id },
      });
      const words = `${asset}: ${proposalInWords(proposal)}. ${effectInWords(proposal, face.dateTime)}`;
      setSettled({ words, entryId: booked?.id ?? null });
      changes.value += 1;
    });
  const undo = (entryId: string): void =>
    run(async () => {
      await client.api.removeEntry({ path: { ...path, entryId } });
      setSettled(null);
      changes.value += 1;
      await client.api.syncAccount({ path: { ...path, accountId: account.id } });
    });
  const found = (query.answer.value?.items ?? []).filter(({ accountId }) => accountId === account.id);
  const isOwner = portfolio.access === 'owner';
  return (
    <>
      <Message id={`discrepancies-note-${account.id}`} class="note">
        {message || staleText(query.error.value)}
      </Message>
      {settled !== null && (
        <p class="note settled" role="status">
          {text('discrepancy.settled', { what: settled.words })}{' '}
          {settled.entryId !== null && isOwner && (
            <button
              type="button"
              name="undo"
              disabled={isBusy}
              onClick={() => settled.entryId !== null && undo(settled.entryId)}
            >
              {text('undo')}
            </button>
          )}
        </p>
      )}
      {account.reconciled === false && found.length > 0 && (
        <>
          <p class="aside">{text('discrepancy.about')}</p>
          <ul class="decisions discrepancies">
            {found.map((discrepancy) => (
              <DiscrepancyItem
                key={discrepancy.id}
                discrepancy={discrepancy}
                face={face}
                isBusy={isBusy}
                onAccept={
                  portfolio.access === 'read' ? undefined : (proposal) => accept(discrepancy, proposal)
                }
              />
            ))}
          </ul>
        </>
      )}
    </>
  );
}
