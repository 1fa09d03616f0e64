import type { Signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { Session } from '../account/session.ts';
import type { Connection } from '../live/connection.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { PortfolioChooser } from '../portfolio/portfolio-chooser.tsx';
import { text } from '../text/text.ts';
import { ConnectionView } from './connection.tsx';

function Account({ session }: { session: Session }) {
  const [isLeaving, setLeaving] = useState(false);
  const user = session.user.value;
  if (user === null) return null;
  const leave = async (): Promise<void> => {
    setLeaving(true);
    await session.signOut();
    setLeaving(false);
  };
  return (
    <div class="account" id="account">
      <span id="account-name" class="aside">
        {user.name ?? user.email}
      </span>
      <button type="button" id="sign-out" disabled={isLeaving} onClick={() => void leave()}>
        {text('signOut')}
      </button>
    </div>
  );
}

interface Props {
  session: Session;
  connection: Connection;
  dashboard: Signal<Dashboard | null>;
}

export function Bar({ session, connection, dashboard }: Props) {
  return (
    <header class="bar">
      <h1 class="brand">
        <img src="/favicon.svg" alt="" width="26" height="26" />
        <span>Marktide</span>
      </h1>
      {dashboard.value !== null && <PortfolioChooser dashboard={dashboard.value} />}
      <ConnectionView connection={connection} />
      <Account session={session} />
    </header>
  );
}
