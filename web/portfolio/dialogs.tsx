import { lazy } from '../page/lazy.tsx';
import type { Dashboard } from './dashboard.ts';

const PortfolioDialog = lazy(async () => (await import('./forms.ts')).PortfolioDialog);
const TradeDialog = lazy(async () => (await import('./forms.ts')).TradeDialog);
const EntryDialog = lazy(async () => (await import('./forms.ts')).EntryDialog);
const ImportDialog = lazy(async () => (await import('./forms.ts')).ImportDialog);
const AccountDialog = lazy(async () => (await import('./forms.ts')).AccountDialog);

/** The open dialog. */
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
  if (dialog.type === 'entry') {
    return <EntryDialog key={dialog.entry?.id ?? 'new'} {...common} entry={dialog.entry} />;
  }
  if (dialog.type === 'import') return <ImportDialog key={portfolio.id} {...common} />;
  if (dialog.type === 'account') {
    return <AccountDialog key={dialog.account?.id ?? 'new'} {...common} account={dialog.account} />;
  }
  return <TradeDialog key={dialog.trade?.id ?? 'new'} {...common} trade={dialog.trade} />;
}
