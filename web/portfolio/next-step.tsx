import type { Portfolio } from '../api.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

function aboutOf({
  access,
  cashMode,
}: Portfolio): 'firstRun.nextShared' | 'firstRun.nextCashAbout' | 'firstRun.nextAbout' {
  if (access !== 'owner') return 'firstRun.nextShared';
  return cashMode === 'tracked' ? 'firstRun.nextCashAbout' : 'firstRun.nextAbout';
}

/** What to do with an empty portfolio. */
export function NextStep({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { pnl, holdings, accounts, dialog } = dashboard;
  const isEmpty = holdings.value?.items.length === 0 && pnl.value?.netContributions === '0';
  // A connected account fills it without further steps.
  const isFilling = accounts.value !== null && accounts.value.length > 0;
  if (!isEmpty || isFilling || portfolio.access === 'read') return null;
  const isOwner = portfolio.access === 'owner';
  // Without cash, each purchase would spend money that the ledger does not have.
  const isCashFirst = portfolio.cashMode === 'tracked';
  const { name } = portfolio;
  return (
    <section class="card guide" id="next-step" aria-labelledby="next-step-title">
      <h2 id="next-step-title">{text('firstRun.next')}</h2>
      <p>{text(aboutOf(portfolio), { name })}</p>
      <p class="choices">
        {isOwner && (
          <button
            type="button"
            class="primary"
            name="connect"
            onClick={() => (dialog.value = { type: 'account', account: null })}
          >
            {text('account.connect')}
          </button>
        )}
        {isCashFirst && (
          <button type="button" name="cash" onClick={() => (dialog.value = { type: 'entry', entry: null })}>
            {text('startingCash')}
          </button>
        )}
        <button type="button" name="add" onClick={() => (dialog.value = { type: 'trade', trade: null })}>
          {text('addTrade')}
        </button>
        <button type="button" name="import" onClick={() => (dialog.value = { type: 'import' })}>
          {text('importFileOf')}
        </button>
      </p>
    </section>
  );
}
