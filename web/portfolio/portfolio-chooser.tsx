import { go, hrefOf, place } from '../page/route.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

/** Chooses a portfolio; shows the settings behind its figures, with a button to change them. */
export function PortfolioChooser({ dashboard }: { dashboard: Dashboard }) {
  const { portfolios, dialog } = dashboard;
  const all = portfolios.all.value ?? [];
  const portfolio = portfolios.chosen.value;
  if (portfolio === null) return null;
  return (
    <div class="choice-of-portfolio" id="portfolio-choice">
      <a
        id="overview-open"
        href={hrefOf({ view: 'overview' })}
        aria-current={place.value.view === 'overview' ? 'page' : undefined}
      >
        {text('overview.open')}
      </a>
      <label class="hidden" for="portfolio">
        {text('choosePortfolio')}
      </label>
      <select
        id="portfolio"
        value={portfolio.id}
        onChange={(event) => go({ view: 'portfolio', portfolioId: event.currentTarget.value })}
      >
        {all.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      {portfolio.access === 'owner' && (
        <button
          type="button"
          id="settings-open"
          class="icon"
          aria-label={text('settings')}
          title={text('settings')}
          onClick={() => (dialog.value = { type: 'settings' })}
        >
          <span aria-hidden="true">⚙</span>
        </button>
      )}
      {dashboard.mayCreate && (
        <button
          type="button"
          id="new-portfolio-open"
          class="icon"
          aria-label={text('newPortfolio')}
          title={text('newPortfolio')}
          onClick={() => (dialog.value = { type: 'new-portfolio' })}
        >
          <span aria-hidden="true">+</span>
        </button>
      )}
      <span id="portfolio-terms" class="aside">
        {`${portfolio.baseCurrency} · ${text(`costMethod.${portfolio.costMethod}`)}`}
      </span>
    </div>
  );
}
