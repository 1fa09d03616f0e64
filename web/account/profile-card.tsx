import { useState } from 'preact/hooks';
import { Field } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { text } from '../text/text.ts';
import type { Session, Signed } from './session.ts';

/** The user's name, e-mail and role. */
export function ProfileCard({ session, user }: { session: Session; user: Signed }) {
  const [name, setName] = useState(user.name ?? '');
  const [isSaved, setSaved] = useState(false);
  const { isBusy, message, submit } = useSubmit(async () => {
    const typed = name.trim();
    await session.rename(typed === '' ? null : typed);
    setSaved(true);
  });
  return (
    <section class="card" id="profile" aria-labelledby="profile-title">
      <h2 id="profile-title">{text('profile')}</h2>
      <p class="aside">
        {user.email} · {text(`role.${user.role}`)}
      </p>
      <form class="fields" id="profile-form" onSubmit={submit}>
        <Field id="user-name" label={text('userName')} hint={text('userNameHint')} isOptional>
          <input
            id="user-name"
            autocomplete="name"
            maxLength={100}
            value={name}
            onInput={({ currentTarget: { value } }) => {
              setName(value);
              setSaved(false);
            }}
          />
        </Field>
        <Message id="profile-message">{message}</Message>
        <p class="actions">
          <span class="aside" role="status">
            {isSaved && text('saved')}
          </span>
          <button type="button" name="sign-out" onClick={() => void session.signOut()}>
            {text('signOut')}
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            {text('save')}
          </button>
        </p>
      </form>
    </section>
  );
}
