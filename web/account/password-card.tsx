import { MarktideError } from 'marktide/client';
import { useState } from 'preact/hooks';
import { Field, hintOf } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { problemText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import type { Session, Signed } from './session.ts';

const EMPTY = { current: '', next: '', again: '' };
const LEAST = 8;

function reasonOf(error: unknown): string {
  const pointers =
    error instanceof MarktideError ? (error.body?.errors ?? []).map(({ pointer }) => pointer) : [];
  if (pointers.includes('/currentPassword')) return text('password.wrong');
  if (pointers.includes('/newPassword')) return text('password.refused');
  return problemText(error);
}

/** Changes the password, which ends all other sessions. */
export function PasswordCard({ session, user }: { session: Session; user: Signed }) {
  const { api } = session.client;
  const [typed, setTyped] = useState(EMPTY);
  const [note, setNote] = useState('');
  const [refusal, setRefusal] = useState('');
  const { isBusy, message, submit } = useSubmit(async () => {
    setNote('');
    setRefusal('');
    if (typed.next !== typed.again) return setRefusal(text('password.different'));
    try {
      await api.changePassword({ body: { currentPassword: typed.current, newPassword: typed.next } });
      setTyped(EMPTY);
      setNote(text('password.changed'));
    } catch (error) {
      setRefusal(reasonOf(error));
    }
  });
  const bound = (name: keyof typeof EMPTY, autocomplete: 'current-password' | 'new-password') => ({
    id: `password-${name}`,
    type: 'password' as const,
    autocomplete,
    required: true,
    maxLength: 200,
    value: typed[name],
    onInput: ({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) =>
      setTyped((before) => ({ ...before, [name]: value })),
  });
  return (
    <section class="card" id="password-card" aria-labelledby="password-title">
      <h2 id="password-title">{text('password.change')}</h2>
      <form class="fields" id="password-form" method="post" onSubmit={submit}>
        {/* For password managers. */}
        <input
          class="hidden"
          type="text"
          autocomplete="username"
          value={user.email}
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <Field id="password-current" label={text('password.current')}>
          <input {...bound('current', 'current-password')} />
        </Field>
        <div class="pair">
          <Field id="password-next" label={text('password.new')} hint={text('password.hint')}>
            <input
              {...bound('next', 'new-password')}
              minLength={LEAST}
              aria-describedby={hintOf('password-next')}
            />
          </Field>
          <Field id="password-again" label={text('password.again')}>
            <input {...bound('again', 'new-password')} />
          </Field>
        </div>
        <Message id="password-message">{refusal || message}</Message>
        <p class="actions">
          <span class="aside" role="status" id="password-note">
            {note}
          </span>
          <button type="submit" class="primary" disabled={isBusy}>
            {text('password.change')}
          </button>
        </p>
      </form>
    </section>
  );
}
