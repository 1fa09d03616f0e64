import { signal } from '@preact/signals';
import type { Holding } from '../api.ts';

/** The columns of the holdings after the asset, in order, and their headings. */
export const HOLDING_COLUMNS = {
  marketValue: 'value',
  weight: 'weight',
  unrealizedPnl: 'unrealized',
  markPrice: 'markPrice',
  quantity: 'quantity',
  averagePrice: 'averagePrice',
  costBasis: 'lots.cost',
  'realizedPnl.net': 'realized',
  'realizedPnl.gross': 'realizedGross',
} as const;
export type HoldingColumn = keyof typeof HOLDING_COLUMNS;

const NAMES = Object.keys(HOLDING_COLUMNS) as HoldingColumn[];
const USUAL: ReadonlySet<HoldingColumn> = new Set(
  NAMES.filter((name) => name !== 'costBasis' && name !== 'realizedPnl.gross'),
);
const KEPT = 'marktide.holdingColumns';

function kept(): ReadonlySet<HoldingColumn> {
  const names = localStorage.getItem(KEPT)?.split(' ');
  return names === undefined ? USUAL : new Set(NAMES.filter((name) => names.includes(name)));
}

/** The columns that the reader wants to see, in this browser. */
export const shownColumns = signal(kept());

export function columnsInOrder(): HoldingColumn[] {
  return NAMES.filter((name) => shownColumns.value.has(name));
}

export function showColumn(column: HoldingColumn, isShown: boolean): void {
  const shown = NAMES.filter((name) => (name === column ? isShown : shownColumns.peek().has(name)));
  localStorage.setItem(KEPT, shown.join(' '));
  shownColumns.value = new Set(shown);
}

export function resetColumns(): void {
  localStorage.removeItem(KEPT);
  shownColumns.value = USUAL;
}

export function columnValue(holding: Holding, column: HoldingColumn | 'asset'): string | null {
  if (column === 'realizedPnl.net') return holding.realizedPnl.net;
  if (column === 'realizedPnl.gross') return holding.realizedPnl.gross;
  return holding[column];
}
