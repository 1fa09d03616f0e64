import type { Signal } from '@preact/signals';
import type { Client } from 'marktide/client';
import { useEffect } from 'preact/hooks';
import { Invitations } from '../account/invitations.tsx';
import type { Signed } from '../account/session.ts';
import type { Portfolio } from '../api.ts';
import { CurveCard } from '../chart/curve-card.tsx';
import { DaysCard } from '../chart/days-card.tsx';
import type { Connection } from '../live/connection.ts';
import { DecisionsCard } from '../decisions/decisions-card.tsx';
import { FlowsCard } from '../flows/flows-card.tsx';
import { MarketCard } from '../market/market-card.tsx';
import { lazy } from '../page/lazy.tsx';
import { text } from '../text/text.ts';
import { TradesCard } from '../trades/trades-card.tsx';
import { Dashboard } from './dashboard.ts';
import { Dialogs } from './dialogs.tsx';
import { HoldingsCard } from './holdings-card.tsx';
import { NextStep } from './next-step.tsx';
import { Summary } from './summary.tsx';

interface Props {
  client: Client;
  user: Signed;
  connection: Connection;
  /** Where the rest of the page finds it. */
  dashboard: Signal<Dashboard | null>;
}

const FirstRun = lazy(async () => (await import('./forms.ts')).FirstRun);

function Figures({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  return (
    <>
      <NextStep dashboard={dashboard} portfolio={portfolio} />
      <Summary dashboard={dashboard} />
      <DecisionsCard dashboard={dashboard} portfolio={portfolio} />
      <CurveCard dashboard={dashboard} portfolio={portfolio} />
      <DaysCard dashboard={dashboard} portfolio={portfolio} />
      <HoldingsCard dashboard={dashboard} portfolio={portfolio} />
    </>
  );
}

/** What a user sees. */
export function SignedIn({ client, user, connection, dashboard }: Props) {
  useEffect(() => {
    const own = new Dashboard(client, user, connection);
    dashboard.value = own;
    return () => {
      own.close();
      dashboard.value = null;
    };
  }, [client, user.id, connection, dashboard]);

  const own = dashboard.value;
  if (own === null) return null;
  const { all, chosen } = own.portfolios;
  const portfolio = chosen.value;
  return (
    <>
      <Invitations api={client.api} onAccept={(id) => own.joined(id)} />
      {all.value?.length === 0 &&
        (!own.mayCreate ? <p class="message">{text('noPortfolio')}</p> : <FirstRun dashboard={own} />)}
      <div id="dashboard" class={portfolio === null ? 'dashboard market-only' : 'dashboard'}>
        {portfolio !== null && (
          <Figures key={`figures ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
        <MarketCard key="market" market={own.market} connection={connection} />
        {portfolio !== null && (
          <TradesCard key={`trades ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
        {portfolio !== null && (
          <FlowsCard key={`flows ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
      </div>
      <Dialogs dashboard={own} />
    </>
  );
}
