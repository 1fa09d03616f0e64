import type { Portfolio } from '../api.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

/** What to do with a portfolio in which nothing is recorded. */
export function NextStep({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { pnl, holdings, dialog } = dashboard;
  const isEmpty = holdings.value?.items.length === 0 && pnl.value?.netContributions === '0';
  if (!isEmpty || portfolio.access === 'read') return null;
  return (
    <section class="card guide" id="next-step" aria-labelledby="next-step-title">
      <h2 id="next-step-title">{text('firstRun.next')}</h2>
      <p>{text('firstRun.nextAbout', { name: portfolio.name })}</p>
      <p class="choices">
        <button
          type="button"
          class="primary"
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
