import type { Portfolio } from '../api.ts';
import { Message } from '../page/message.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { AccountItem } from './account-item.tsx';
import { useAccounts } from './use-accounts.ts';

/** The accounts at exchanges that fill a portfolio. */
export function AccountsCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { items, error, poke } = useAccounts(dashboard, portfolio);
  const isOwner = portfolio.access === 'owner';
  const isEmpty = items === null || items.length === 0;
  // Only the owner can connect one.
  if (isEmpty && !isOwner) return null;
  return (
    <section class="card" id="accounts" aria-labelledby="accounts-title">
      <div class="heading">
        <h2 id="accounts-title">{text('accounts')}</h2>
        <span class="aside">{items?.length === 0 && text('accountsNone')}</span>
        {isOwner && (
          <span class="actions">
            <button
              type="button"
              id="account-connect"
              onClick={() => (dashboard.dialog.value = { type: 'account', account: null })}
            >
              {text('account.connect')}
            </button>
          </span>
        )}
      </div>
      <Message id="accounts-note" class="note">
        {staleText(error)}
      </Message>
      {!isEmpty && (
        <ul class="exchange-accounts">
          {items.map((account) => (
            <AccountItem
              key={account.id}
              dashboard={dashboard}
              portfolio={portfolio}
              account={account}
              onChange={poke}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
