import { useEffect, useRef, useState } from 'preact/hooks';
import { MarktideError } from 'marktide/client';
import { problemText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import type { Session } from './session.ts';

interface Login {
  email: string;
  password: string;
}

/** The demo login, if the server offers one. */
function useDemo(session: Session, onDemo: (demo: Login) => void): Login | null {
  const [demo, setDemo] = useState<Login | null>(null);
  useEffect(() => {
    const life = new AbortController();
    session.client.api.health({}, { signal: life.signal }).then(
      ({ demo: offered }) => {
        if (offered === null || life.signal.aborted) return;
        setDemo(offered);
        onDemo(offered);
      },
      // Without an answer there is no demo login to offer; signing in will show what is wrong.
      () => undefined,
    );
    return () => life.abort();
  }, [session]);
  return demo;
}

function reasonOf(error: unknown): string {
  return error instanceof MarktideError && error.status === 401 ? text('signInRefused') : problemText(error);
}

interface Props {
  session: Session;
  /** Called when somebody begins to type. */
  onTyping: () => void;
}

export function SignIn({ session, onTyping }: Props) {
  const [login, setLogin] = useState<Login>({ email: '', password: '' });
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const emailField = useRef<HTMLInputElement>(null);
  const messageField = useRef<HTMLParagraphElement>(null);
  const message = refusal ?? session.message.value;
  const demo = useDemo(session, (offered) => {
    // Does not overwrite what was typed.
    setLogin((typed) => (typed.email === '' && typed.password === '' ? offered : typed));
  });

  useEffect(() => {
    if (message === '') emailField.current?.focus();
    else messageField.current?.focus();
  }, [message]);

  const submit = async (): Promise<void> => {
    setBusy(true);
    setRefusal(null);
    try {
      await session.signIn(login.email, login.password);
    } catch (error) {
      setRefusal(reasonOf(error));
      setBusy(false);
    }
  };

  return (
    <section id="sign-in" class="card narrow" aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">{text('signIn')}</h2>
      <p id="sign-in-message" class="message" tabIndex={-1} ref={messageField} hidden={message === ''}>
        {message}
      </p>
      <form
        id="sign-in-form"
        class="stacked"
        method="post"
        onInput={onTyping}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label for="email">{text('email')}</label>
        <input
          id="email"
          name="email"
          type="email"
          autocomplete="username"
          required
          ref={emailField}
          value={login.email}
          onInput={({ currentTarget: { value: email } }) => setLogin((typed) => ({ ...typed, email }))}
        />
        <label for="password">{text('password')}</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          value={login.password}
          onInput={({ currentTarget: { value: password } }) => setLogin((typed) => ({ ...typed, password }))}
        />
        {demo !== null && demo.email === login.email && (
          <p id="demo-note" class="aside">
            {text('demoLogin')}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {text('signIn')}
        </button>
      </form>
    </section>
  );
}
