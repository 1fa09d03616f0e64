import type { Portfolio } from '../api.ts';
import { compare } from '../figures/decimal.ts';
import { amount, signedAmount } from '../figures/number.ts';
import { hrefOf } from '../page/route.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { FigureCell, RowName } from '../table/cell.tsx';
import { TableCard } from '../table/table-card.tsx';
import { text } from '../text/text.ts';
import { explainHref } from './figures.ts';

const COLUMNS = {
  equity: ['asset', 'value'],
  unrealized: ['asset', 'value', 'lots.cost', 'unrealized'],
} as const;

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  figure: keyof typeof COLUMNS;
}

/** The holdings that a figure is the sum of, live. Each leads to its lots; cash leads to what moved it. */
export function HoldingsPart({ dashboard, portfolio, figure }: Props) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const pnl = dashboard.pnl.value;
  const all = dashboard.holdings.value?.items ?? [];
  const shown = figure === 'equity' ? all : all.filter(({ asset }) => asset !== baseCurrency);
  const key = figure === 'equity' ? 'marketValue' : 'unrealizedPnl';
  const holdings = shown.toSorted((a, b) => compare(b[key] ?? '0', a[key] ?? '0'));
  const money = (value: string): string => amount(value, baseCurrency);
  const gain = (value: string): string => signedAmount(value, baseCurrency);
  const cells = (of: Cells, asset: string) => {
    const why = (name: string): string => reasonOf(pnl?.warnings ?? [], name, asset);
    return (
      <>
        <FigureCell label={text('value')} value={of.marketValue} format={money} why={why('marketValue')} />
        {figure === 'unrealized' && (
          <>
            <FigureCell
              label={text('lots.cost')}
              value={of.costBasis}
              format={money}
              why={why('costBasis')}
            />
            <FigureCell
              label={text('unrealized')}
              value={of.unrealizedPnl}
              format={gain}
              tinted
              why={why('unrealizedPnl')}
            />
          </>
        )}
      </>
    );
  };
  return (
    <TableCard
      id="explain-holdings"
      title={text('explain.holdings')}
      headings={COLUMNS[figure].map((each) => text(each))}
    >
      {holdings.map((holding) => (
        <tr role="row" key={holding.asset} data-asset={holding.asset}>
          <RowName>
            <a
              href={
                holding.asset === baseCurrency
                  ? explainHref(portfolioId, 'quantity', { asset: baseCurrency })
                  : hrefOf({ view: 'asset', portfolioId, asset: holding.asset })
              }
            >
              {holding.asset}
            </a>
          </RowName>
          {cells(holding, holding.asset)}
        </tr>
      ))}
      {pnl !== null && (
        <tr role="row" class="total" id="explain-sum">
          <RowName>{text('explain.total')}</RowName>
          {cells(figure === 'equity' ? { ...pnl, marketValue: pnl.equity } : pnl, '')}
        </tr>
      )}
    </TableCard>
  );
}

interface Cells {
  marketValue: string | null;
  costBasis: string | null;
  unrealizedPnl: string | null;
}
