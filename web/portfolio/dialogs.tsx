import { lazy } from '../page/lazy.tsx';
import type { Dashboard } from './dashboard.ts';

const PortfolioDialog = lazy(async () => (await import('./forms.ts')).PortfolioDialog);
const TradeDialog = lazy(async () => (await import('./forms.ts')).TradeDialog);
const FlowDialog = lazy(async () => (await import('./forms.ts')).FlowDialog);
const ImportDialog = lazy(async () => (await import('./forms.ts')).ImportDialog);

/** The dialog that is open. */
export function Dialogs({ dashboard }: { dashboard: Dashboard }) {
  const dialog = dashboard.dialog.value;
  const portfolio = dashboard.portfolios.chosen.value;
  const onClose = (): void => {
    dashboard.dialog.value = null;
  };
  if (dialog === null) return null;
  if (dialog.type === 'new-portfolio') {
    return <PortfolioDialog key="new" dashboard={dashboard} portfolio={null} onClose={onClose} />;
  }
  if (portfolio === null) return null;
  const common = { dashboard, portfolio, onClose };
  if (dialog.type === 'settings') return <PortfolioDialog key={portfolio.id} {...common} />;
  if (dialog.type === 'flow') return <FlowDialog key={portfolio.id} {...common} />;
  if (dialog.type === 'import') return <ImportDialog key={portfolio.id} {...common} />;
  return <TradeDialog key={dialog.trade?.id ?? 'new'} {...common} trade={dialog.trade} />;
}
