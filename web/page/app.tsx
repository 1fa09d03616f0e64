import { computed, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Session } from '../account/session.ts';
import { SignIn } from '../account/sign-in.tsx';
import type { Connection } from '../live/connection.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { Bar } from './bar.tsx';
import { Footer } from './footer.tsx';
import { lazy } from './lazy.tsx';
import { Message } from './message.tsx';

interface Props {
  session: Session;
  connection: Connection;
}

const SignedIn = lazy(async () => (await import('../portfolio/signed-in.tsx')).SignedIn);

/** The whole page. Who is signed in decides what it shows; nothing of a user stays when that one is gone. */
export function App({ session, connection }: Props) {
  const main = useRef<HTMLElement>(null);
  const dashboard = useSignal<Dashboard | null>(null);
  const zone = useComputed(() => (dashboard.value === null ? '' : connection.face.value.zone));
  const message = useMemo(
    () =>
      computed(() =>
        session.isResuming.value ? session.message.value : (dashboard.value?.notice.value ?? ''),
      ),
    [session, dashboard],
  );
  const user = session.user.value;
  const isResuming = session.isResuming.value;
  // Both at once: who is signed in, and what that user will see.
  if (isResuming) SignedIn.preload();
  useSignalEffect(() => {
    if (session.user.value === null && !session.isResuming.value) connection.state.value = 'signed-out';
  });
  useEffect(() => {
    if (user !== null) main.current?.focus({ preventScroll: true });
  }, [user?.id]);
  return (
    <>
      <a class="skip" href="#main">
        {text('skip')}
      </a>
      <Bar session={session} connection={connection} dashboard={dashboard} />
      <main id="main" tabIndex={-1} ref={main}>
        <Message id="page-message">{message.value}</Message>
        {user === null && !isResuming && <SignIn session={session} />}
        {user !== null && (
          <SignedIn
            key={user.id}
            client={session.client}
            user={user}
            connection={connection}
            dashboard={dashboard}
          />
        )}
      </main>
      <Footer zone={zone} />
    </>
  );
}
