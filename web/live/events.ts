import type { ExchangeAccounts, Holdings, ImportProgress, LedgerChange, Pnl, Ticker } from '../api.ts';

/** An event of a channel. */
export type LiveEvent =
  | { kind: 'ticker'; body: Ticker }
  | { kind: 'pnl'; body: Pnl }
  | { kind: 'holdings'; body: Holdings }
  | { kind: 'ledger'; body: LedgerChange }
  | { kind: 'import'; body: ImportProgress }
  | { kind: 'accounts'; body: ExchangeAccounts };

/** The portfolio that an event is about; `null` for the market. */
export function portfolioOf(event: LiveEvent): string | null {
  return event.kind === 'ticker' ? null : event.body.portfolioId;
}
