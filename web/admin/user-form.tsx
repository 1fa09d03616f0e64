import { useState } from 'preact/hooks';
import type { Api } from '../api.ts';
import type { Signed } from '../account/session.ts';
import { Field } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { Segments } from '../page/segments.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { text } from '../text/text.ts';

const ROLES = ['viewer', 'trader', 'admin'] as const;
const NOTHING = { email: '', password: '' };

/** Creates a user with an initial password. */
export function UserForm({ api, onCreate }: { api: Api; onCreate: () => void }) {
  const [values, setValues] = useState(NOTHING);
  const [role, setRole] = useState<Signed['role']>('trader');
  const { isBusy, message, submit } = useSubmit(async () => {
    await api.createUser({ body: { ...values, role } });
    setValues(NOTHING);
    onCreate();
  });
  return (
    <section class="card" id="admin-user-form" aria-labelledby="admin-user-form-title">
      <h2 id="admin-user-form-title">{text('admin.addUser')}</h2>
      <form class="fields" onSubmit={submit}>
        <div class="pair">
          <Field id="new-user-email" label={text('email')}>
            <input
              id="new-user-email"
              type="email"
              required
              autocomplete="off"
              value={values.email}
              onInput={({ currentTarget: { value: email } }) => setValues((typed) => ({ ...typed, email }))}
            />
          </Field>
          <Field id="new-user-password" label={text('password')} hint={text('password.hint')}>
            <input
              id="new-user-password"
              type="password"
              required
              minLength={8}
              autocomplete="new-password"
              aria-describedby="new-user-password-hint"
              value={values.password}
              onInput={({ currentTarget: { value: password } }) =>
                setValues((typed) => ({ ...typed, password }))
              }
            />
          </Field>
        </div>
        <Segments
          id="new-user-role"
          legend={text('admin.role')}
          choices={ROLES.map((each) => [each, text(`role.${each}`)] as const)}
          value={role}
          onChange={setRole}
        />
        <Message id="new-user-message">{message}</Message>
        <p class="actions">
          <button type="submit" class="primary" disabled={isBusy}>
            {text('admin.addUser')}
          </button>
        </p>
      </form>
    </section>
  );
}
