import { useEffect, useState } from 'preact/hooks';
import type { Api, Invitation } from '../api.ts';
import { Message } from '../page/message.tsx';
import { problemText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';

interface Props {
  api: Api;
  onAccept: (portfolioId: string) => void;
}

/** Invitations to other users' portfolios, each with buttons to accept or decline. */
export function Invitations({ api, onAccept }: Props) {
  const [items, setItems] = useState<readonly Invitation[]>([]);
  const [answering, setAnswering] = useState<string | null>(null);
  const [message, setMessage] = useState('');

  useEffect(() => {
    const life = new AbortController();
    api.listInvitations({}, { signal: life.signal }).then(
      ({ items: found }) => setItems(found),
      // The page works without them and asks again the next time it is opened.
      () => undefined,
    );
    return () => life.abort();
  }, [api]);

  const answer = async ({ portfolioId }: Invitation, isAccepted: boolean): Promise<void> => {
    setAnswering(portfolioId);
    setMessage('');
    try {
      await (isAccepted ? api.acceptInvitation : api.declineInvitation)({ path: { portfolioId } });
      setItems((before) => before.filter((item) => item.portfolioId !== portfolioId));
      if (isAccepted) onAccept(portfolioId);
    } catch (error) {
      setMessage(problemText(error));
    }
    setAnswering(null);
  };

  if (items.length === 0) return null;
  return (
    <section id="invitations" class="card" aria-labelledby="invitations-title">
      <h2 id="invitations-title">{text('invitations')}</h2>
      <Message id="invitations-message">{message}</Message>
      <ul id="invitation-list" class="invitations">
        {items.map((invitation) => {
          const { portfolioId, portfolioName: portfolio, access, from } = invitation;
          const isBusy = answering === portfolioId;
          return (
            <li key={portfolioId} class="heading" data-portfolio={portfolioId}>
              <span>{text(`invitation.${access}`, { from: from.name ?? from.email, portfolio })}</span>
              <button
                type="button"
                name="accept"
                class="primary"
                disabled={isBusy}
                onClick={() => void answer(invitation, true)}
              >
                {text('accept')}
              </button>
              <button
                type="button"
                name="decline"
                disabled={isBusy}
                onClick={() => void answer(invitation, false)}
              >
                {text('decline')}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
