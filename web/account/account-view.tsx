import { text } from '../text/text.ts';
import { hrefOf } from '../page/route.ts';
import { ApiKeysCard } from './api-keys-card.tsx';
import { PasswordCard } from './password-card.tsx';
import { ProfileCard } from './profile-card.tsx';
import type { Session, Signed } from './session.ts';
import { SessionsCard } from './sessions-card.tsx';

/** The user's own settings. */
export function AccountView({ session, user }: { session: Session; user: Signed }) {
  return (
    <div class="own-account" id="own-account">
      <p class="back">
        <a href={hrefOf({ view: 'portfolio', portfolioId: null })}>{text('backToPortfolio')}</a>
        {user.role === 'admin' && (
          <>
            {' · '}
            <a href={hrefOf({ view: 'admin', section: '' })}>{text('admin')}</a>
          </>
        )}
      </p>
      <ProfileCard session={session} user={user} />
      <PasswordCard session={session} user={user} />
      <SessionsCard session={session} />
      <ApiKeysCard api={session.client.api} role={user.role} />
    </div>
  );
}
