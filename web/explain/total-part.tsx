import type { Portfolio } from '../api.ts';
import { signedAmount } from '../figures/number.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { text } from '../text/text.ts';
import { explainHref, type FigureName } from './figures.ts';
import { TermsCard } from './terms-card.tsx';

/** Everything gained since the beginning, live. */
export function TotalPart({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const pnl = dashboard.pnl.value;
  const format = (value: string): string => signedAmount(value, portfolio.baseCurrency);
  const term = (
    figure: Extract<FigureName, 'realized' | 'unrealized' | 'income' | 'transferred'>,
    name: string,
    value: string | null | undefined,
  ) => ({
    label: text(figure),
    value,
    format,
    why: reasonOf(pnl?.warnings ?? [], name),
    href: explainHref(portfolio.id, figure),
  });
  return (
    <TermsCard
      terms={[
        term('realized', 'realizedPnl.net', pnl?.realizedPnl.net),
        term('unrealized', 'unrealizedPnl', pnl?.unrealizedPnl),
        term('income', 'income', pnl?.income),
        term('transferred', 'transferredPnl', pnl?.transferredPnl),
        {
          label: text('totalPnl'),
          value: pnl?.totalPnl,
          format,
          why: reasonOf(pnl?.warnings ?? [], 'totalPnl'),
          isTotal: true,
        },
      ]}
    />
  );
}
