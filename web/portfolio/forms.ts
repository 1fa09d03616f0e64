/** The forms, loaded together when the first one is shown. */
export { AccountDialog } from '../exchanges/account-dialog.tsx';
export { FirstRun } from './first-run.tsx';
export { EntryDialog } from '../entries/entry-dialog.tsx';
export { ImportDialog } from '../trades/import-dialog.tsx';
export { HoldingColumnsDialog } from './holding-columns-dialog.tsx';
export { PortfolioDialog } from './portfolio-dialog.tsx';
export { TradeDialog } from '../trades/trade-dialog.tsx';
