import type { Portfolio } from '../api.ts';
import { Modal } from '../page/modal.tsx';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';
import { PortfolioForm } from './portfolio-form.tsx';

interface Props {
  dashboard: Dashboard;
  /** `null`: a new one. */
  portfolio: Portfolio | null;
  onClose: () => void;
}

export function PortfolioDialog({ dashboard, portfolio, onClose }: Props) {
  const title = portfolio === null ? text('newPortfolio') : text('settingsOf', { name: portfolio.name });
  return (
    <Modal id="portfolio-dialog" title={title} onClose={onClose}>
      <PortfolioForm dashboard={dashboard} portfolio={portfolio} onDone={onClose} onCancel={onClose} />
    </Modal>
  );
}
