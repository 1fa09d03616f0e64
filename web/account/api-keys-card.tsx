import { signal } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import type { Api } from '../api.ts';
import { localClockFace } from '../figures/clock-face.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { ApiKeyForm } from './api-key-form.tsx';
import { ApiKeyRow } from './api-key-row.tsx';
import type { Signed } from './session.ts';

const MOST = 1_000;

/** The user's API keys: each is shown once, when it is created. */
export function ApiKeysCard({ api, role }: { api: Api; role: Signed['role'] }) {
  const changes = useMemo(() => signal(0), []);
  const face = useMemo(localClockFace, []);
  const [secret, setSecret] = useState<string | null>(null);
  const query = useQuery({
    load: (life) => api.listApiKeys({ query: { limit: MOST } }, { signal: life }),
    of: [api],
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const revoke = (keyId: string): void =>
    run(async () => {
      await api.deleteApiKey({ path: { keyId } });
      changes.value += 1;
    });
  const keys = query.answer.value?.items ?? [];
  return (
    <section class="card" id="api-keys" aria-labelledby="api-keys-title">
      <h2 id="api-keys-title">{text('apiKeys')}</h2>
      <p class="aside">{text('apiKeysAbout')}</p>
      <Message id="api-keys-note" class="note">
        {message || staleText(query.error.value)}
      </Message>
      {secret !== null && (
        <div class="note secret" role="status">
          <p>{text('apiKey.once')}</p>
          <code id="api-key-secret">{secret}</code>
          <button type="button" name="hide" onClick={() => setSecret(null)}>
            {text('apiKey.hide')}
          </button>
        </div>
      )}
      <ul class="plain-list" id="api-key-list">
        {keys.map((key) => (
          <ApiKeyRow key={key.id} apiKey={key} face={face} isBusy={isBusy} onRevoke={() => revoke(key.id)} />
        ))}
      </ul>
      <ApiKeyForm
        api={api}
        role={role}
        onCreate={(key) => {
          setSecret(key);
          changes.value += 1;
        }}
      />
    </section>
  );
}
