import { signal } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import type { Api } from '../api.ts';
import { useQuery } from '../live/use-query.ts';
import { Field } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type Access, ShareRow } from './share-row.tsx';

const MOST = 1_000;

/** The people a portfolio is shared with, pending invitations, and a form to invite somebody. */
export function Shares({ api, portfolioId }: { api: Api; portfolioId: string }) {
  const changes = useMemo(() => signal(0), []);
  const [email, setEmail] = useState('');
  const [access, setAccess] = useState<Access>('read');
  const query = useQuery({
    load: (life) => api.listShares({ path: { portfolioId }, query: { limit: MOST } }, { signal: life }),
    of: [portfolioId],
    changes,
  });
  const put = async (to: { email: string; access: Access }): Promise<void> => {
    await api.putShare({ path: { portfolioId }, body: to });
    changes.value += 1;
  };
  const { isBusy, message, submit, run } = useSubmit(async () => {
    await put({ email: email.trim(), access });
    setEmail('');
  });
  const shares = query.answer.value?.items ?? [];
  return (
    <>
      <p class="aside">{text('sharesAbout')}</p>
      <ul class="plain-list" id="share-list">
        {shares.map((share) => (
          <ShareRow
            key={share.userId}
            share={share}
            isBusy={isBusy}
            onAccess={(to) => run(() => put({ email: share.email, access: to }))}
            onEnd={() =>
              run(async () => {
                await api.deleteShare({ path: { portfolioId, userId: share.userId } });
                changes.value += 1;
              })
            }
          />
        ))}
      </ul>
      <form class="fields" id="share-form" onSubmit={submit}>
        <div class="pair">
          <Field id="share-email" label={text('email')}>
            <input
              id="share-email"
              type="email"
              required
              maxLength={254}
              autocomplete="off"
              value={email}
              onInput={({ currentTarget: { value } }) => setEmail(value)}
            />
          </Field>
          <Field id="share-access" label={text('share.access')}>
            <select
              id="share-access"
              value={access}
              onChange={({ currentTarget: { value } }) => setAccess(value === 'write' ? 'write' : 'read')}
            >
              <option value="read">{text('share.read')}</option>
              <option value="write">{text('share.write')}</option>
            </select>
          </Field>
        </div>
        <Message id="share-message">{message || staleText(query.error.value)}</Message>
        <p class="actions">
          <button type="submit" disabled={isBusy}>
            {text('share.invite')}
          </button>
        </p>
      </form>
    </>
  );
}
