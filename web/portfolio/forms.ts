/** What changes something: loaded together, when the first of them is shown. */
export { FirstRun } from './first-run.tsx';
export { FlowDialog } from '../flows/flow-dialog.tsx';
export { ImportDialog } from '../trades/import-dialog.tsx';
export { PortfolioDialog } from './portfolio-dialog.tsx';
export { TradeDialog } from '../trades/trade-dialog.tsx';
