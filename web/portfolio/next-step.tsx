import type { Portfolio } from '../api.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

/** What to do with a portfolio in which nothing is recorded. */
export function NextStep({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { pnl, holdings, dialog } = dashboard;
  const isEmpty = holdings.value?.items.length === 0 && pnl.value?.netContributions === '0';
  if (!isEmpty || portfolio.access === 'read') return null;
  // Without cash, each purchase would spend what the ledger does not have.
  const isCashFirst = portfolio.cashMode === 'tracked';
  const { name } = portfolio;
  return (
    <section class="card guide" id="next-step" aria-labelledby="next-step-title">
      <h2 id="next-step-title">{text(isCashFirst ? 'firstRun.nextCash' : 'firstRun.next')}</h2>
      <p>{text(isCashFirst ? 'firstRun.nextCashAbout' : 'firstRun.nextAbout', { name })}</p>
      <p class="choices">
        {isCashFirst && (
          <button type="button" class="primary" name="cash" onClick={() => (dialog.value = { type: 'flow' })}>
            {text('startingCash')}
          </button>
        )}
        <button
          type="button"
          class={isCashFirst ? undefined : 'primary'}
          name="add"
          onClick={() => (dialog.value = { type: 'trade', trade: null })}
        >
          {text('addTrade')}
        </button>
        <button type="button" name="import" onClick={() => (dialog.value = { type: 'import' })}>
          {text('importFileOf')}
        </button>
      </p>
    </section>
  );
}
