import type { Portfolio } from '../api.ts';
import { Modal } from '../page/modal.tsx';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';
import { DeletePortfolio } from './delete-portfolio.tsx';
import { PortfolioForm } from './portfolio-form.tsx';
import { Shares } from './shares.tsx';

interface Props {
  dashboard: Dashboard;
  /** `null` for a new one. */
  portfolio: Portfolio | null;
  onClose: () => void;
}

export function PortfolioDialog({ dashboard, portfolio, onClose }: Props) {
  const title = portfolio === null ? text('newPortfolio') : text('settingsOf', { name: portfolio.name });
  return (
    <Modal id="portfolio-dialog" title={title} onClose={onClose}>
      <PortfolioForm dashboard={dashboard} portfolio={portfolio} onDone={onClose} onCancel={onClose} />
      {portfolio !== null && (
        <>
          <details id="sharing">
            <summary>{text('shares')}</summary>
            <Shares api={dashboard.client.api} portfolioId={portfolio.id} />
          </details>
          <details id="deleting">
            <summary>{text('deletePortfolio')}</summary>
            <DeletePortfolio dashboard={dashboard} portfolio={portfolio} onDone={onClose} />
          </details>
        </>
      )}
    </Modal>
  );
}
