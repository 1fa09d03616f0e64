import { useState } from 'preact/hooks';
import type { Api } from '../api.ts';
import { Field } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { text } from '../text/text.ts';
import type { Signed } from './session.ts';

const SCOPES = {
  viewer: ['read'],
  trader: ['read', 'trades:write'],
  admin: ['read', 'trades:write', 'market:write', 'admin'],
} as const satisfies Record<Signed['role'], readonly string[]>;
type Scope = (typeof SCOPES)['admin'][number];

/** The key expires at the end of a day in the reader's own zone. */
function endOf(day: string): { expiresAt?: string } {
  return day === '' ? {} : { expiresAt: new Date(`${day}T23:59:59`).toISOString() };
}

interface Props {
  api: Api;
  role: Signed['role'];
  onCreate: (secret: string) => void;
}

/** Creates an API key with the chosen permissions. */
export function ApiKeyForm({ api, role, onCreate }: Props) {
  const [name, setName] = useState('');
  const [day, setDay] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['read']);
  const { isBusy, message, submit } = useSubmit(async () => {
    const { key } = await api.createApiKey({ body: { name, scopes: [...scopes], ...endOf(day) } });
    setName('');
    setDay('');
    setScopes(['read']);
    onCreate(key);
  });
  return (
    <form class="fields" id="api-key-form" onSubmit={submit}>
      <div class="pair">
        <Field id="api-key-name" label={text('apiKey.name')} hint={text('apiKey.nameHint')}>
          <input
            id="api-key-name"
            required
            maxLength={100}
            autocomplete="off"
            value={name}
            onInput={({ currentTarget: { value } }) => setName(value)}
          />
        </Field>
        <Field id="api-key-day" label={text('apiKey.lastDay')} isOptional>
          <input
            id="api-key-day"
            type="date"
            value={day}
            onInput={({ currentTarget: { value } }) => setDay(value)}
          />
        </Field>
      </div>
      <fieldset class="choice">
        <legend>{text('apiKey.scopes')}</legend>
        {SCOPES[role].map((scope) => (
          <label key={scope}>
            <input
              type="checkbox"
              name="scope"
              value={scope}
              checked={scopes.includes(scope)}
              onChange={({ currentTarget: { checked } }) =>
                setScopes((before) =>
                  checked ? [...before, scope] : before.filter((each) => each !== scope),
                )
              }
            />
            <span>
              {text(`scope.${scope}`)}
              <span class="aside">{text(`scope.${scope}.about`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Message id="api-key-message">{message}</Message>
      <p class="actions">
        <button type="submit" class="primary" disabled={isBusy || scopes.length === 0}>
          {text('apiKey.create')}
        </button>
      </p>
    </form>
  );
}
