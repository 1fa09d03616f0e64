import type { Signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { Session } from '../account/session.ts';
import type { Connection } from '../live/connection.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { PortfolioChooser } from '../portfolio/portfolio-chooser.tsx';
import { text } from '../text/text.ts';
import { isCommanding } from './commanding.ts';
import { ConnectionView } from './connection.tsx';
import { hrefOf, place } from './route.ts';

function Links({ session }: { session: Session }) {
  const user = session.user.value;
  if (user === null) return null;
  return (
    <span class="bar-links">
      <button
        type="button"
        id="commands-open"
        class="icon"
        aria-label={text('commands')}
        aria-keyshortcuts="Control+K Meta+K"
        title={`${text('commands')} (Ctrl+K)`}
        onClick={() => (isCommanding.value = true)}
      >
        <span aria-hidden="true">⌕</span>
      </button>
      {user.role === 'admin' && (
        <a
          id="admin-open"
          href={hrefOf({ view: 'admin', section: '' })}
          aria-current={place.value.view === 'admin' ? 'page' : undefined}
        >
          {text('admin')}
        </a>
      )}
    </span>
  );
}

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
      <a
        id="account-open"
        class="aside"
        href={hrefOf({ view: 'account' })}
        aria-current={place.value.view === 'account' ? 'page' : undefined}
      >
        <span class="avatar" aria-hidden="true">
          {(user.name ?? user.email).slice(0, 1).toUpperCase()}
        </span>
        <span id="account-name">{user.name ?? user.email}</span>
      </a>
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
        <img src="favicon.svg" alt="" width="26" height="26" />
        <span>Marktide</span>
      </h1>
      {dashboard.value !== null && <PortfolioChooser dashboard={dashboard.value} />}
      {dashboard.value !== null && <Links session={session} />}
      <ConnectionView connection={connection} />
      <Account session={session} />
    </header>
  );
}
