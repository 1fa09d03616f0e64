import type { Page } from '../../db/connection/list-page.ts';
import { abs, fixed, type Fixed } from '../../lib/money/money.ts';
import type { HoldingBody } from '../../lib/schemas/holding-schema.ts';
import { type Order, sortedPage } from '../http/sorted-page.ts';

/** The sort keys of holdings. */
export const HOLDING_COLUMNS = [
  'asset',
  'symbol',
  'quantity',
  'averagePrice',
  'costBasis',
  'markPrice',
  'markTime',
  'marketValue',
  'weight',
  'unrealizedPnl',
  'unrealizedRate',
  'realizedPnl.gross',
  'realizedPnl.net',
] as const;
export type HoldingColumn = (typeof HOLDING_COLUMNS)[number];

const TEXT_COLUMNS: readonly HoldingColumn[] = ['asset', 'symbol', 'markTime'];
const FORWARD_COLUMNS: readonly HoldingColumn[] = ['asset', 'symbol'];

export interface HoldingQuery {
  sort: HoldingColumn;
  order?: Order | undefined;
  /** Holdings worth less are left out. */
  minValue?: Fixed | undefined;
  /** What to do with holdings that have no price. */
  unpriced: 'show' | 'hide';
  limit: number;
  cursor?: string | undefined;
}

function valueOf(holding: HoldingBody, column: HoldingColumn): string | null {
  if (column === 'realizedPnl.gross') return holding.realizedPnl.gross;
  if (column === 'realizedPnl.net') return holding.realizedPnl.net;
  return holding[column];
}

/** One page of holdings. @throws Problem `invalid-cursor` */
export function holdingPage(holdings: readonly HoldingBody[], query: HoldingQuery): Page<HoldingBody> {
  const { sort, minValue, unpriced } = query;
  const isHidden = ({ marketValue }: HoldingBody): boolean => unpriced === 'hide' && marketValue === null;
  const isDust = ({ marketValue }: HoldingBody): boolean =>
    minValue !== undefined && marketValue !== null && abs(fixed(marketValue)) < minValue;
  return sortedPage(
    holdings.filter((holding) => !isDust(holding) && !isHidden(holding)),
    {
      name: sort,
      order: query.order ?? (FORWARD_COLUMNS.includes(sort) ? 'asc' : 'desc'),
      valueOf: (holding) => valueOf(holding, sort),
      isNumeric: !TEXT_COLUMNS.includes(sort),
      nameOf: ({ asset }) => asset,
    },
    query,
  );
}
