import { computed, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Session } from '../account/session.ts';
import { SignIn } from '../account/sign-in.tsx';
import type { Connection } from '../live/connection.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { loadTexts, text } from '../text/text.ts';
import { forgetLastKnown } from '../offline/last-known.ts';
import { Bar } from './bar.tsx';
import { Footer } from './footer.tsx';
import { lazy } from './lazy.tsx';
import { Message } from './message.tsx';
import { preloadShared } from './preload-shared.ts';

interface Props {
  session: Session;
  connection: Connection;
}

const SignedIn = lazy(async () => {
  preloadShared('signed-in');
  const [{ SignedIn: Component }] = await Promise.all([import('../portfolio/signed-in.tsx'), loadTexts()]);
  return Component;
});

const LastKnownView = lazy(async () => {
  const [{ LastKnownView: Component }] = await Promise.all([import('../portfolio/views.ts'), loadTexts()]);
  return Component;
});

/** The whole page. It depends on who is signed in; nothing of a user remains after signing out. */
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
  // In parallel: find out who is signed in, and load what that user will see.
  if (isResuming) SignedIn.preload();
  useSignalEffect(() => {
    if (session.user.value !== null || session.isResuming.value) return;
    forgetLastKnown();
    // The stream ends at the same time and may report another state afterwards.
    if (connection.state.value !== 'signed-out') connection.state.value = 'signed-out';
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
        {/* The server could not say who is signed in. */}
        {user === null && isResuming && session.message.value !== '' && <LastKnownView />}
        {user === null && !isResuming && <SignIn session={session} onTyping={SignedIn.preload} />}
        {user !== null && (
          <SignedIn
            key={user.id}
            session={session}
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
