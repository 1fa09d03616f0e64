import { type Signal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Invitations } from '../account/invitations.tsx';
import type { Session, Signed } from '../account/session.ts';
import type { Portfolio } from '../api.ts';
import { CalendarCard } from '../chart/calendar-card.tsx';
import { CurveCard } from '../chart/curve-card.tsx';
import { DaysCard } from '../chart/days-card.tsx';
import type { Connection } from '../live/connection.ts';
import { DecisionsCard } from '../decisions/decisions-card.tsx';
import { AccountsCard } from '../exchanges/accounts-card.tsx';
import { MarketCard } from '../market/market-card.tsx';
import { registerWorker } from '../offline/register-worker.ts';
import { isCommanding, listenForCommands } from '../page/commanding.ts';
import { lazy } from '../page/lazy.tsx';
import { place } from '../page/route.ts';
import { text } from '../text/text.ts';
import { TradesCard } from '../trades/trades-card.tsx';
import { AllocationCard } from './allocation-card.tsx';
import { Dashboard } from './dashboard.ts';
import { Dialogs } from './dialogs.tsx';
import { HoldingsCard } from './holdings-card.tsx';
import { NextStep } from './next-step.tsx';
import { Summary } from './summary.tsx';
import { UndoBar } from './undo-bar.tsx';
import { useAddress } from './use-address.ts';

interface Props {
  session: Session;
  user: Signed;
  connection: Connection;
  /** Set for other parts of the page. */
  dashboard: Signal<Dashboard | null>;
}

const AccountView = lazy(async () => (await import('./views.ts')).AccountView);
const OverviewView = lazy(async () => (await import('./views.ts')).OverviewView);
const AdminView = lazy(async () => (await import('./views.ts')).AdminView);
const CommandDialog = lazy(async () => (await import('./views.ts')).CommandDialog);
const AssetView = lazy(async () => (await import('./views.ts')).AssetView);
const ExplainView = lazy(async () => (await import('./views.ts')).ExplainView);
const EntriesCard = lazy(async () => (await import('./lower-cards.ts')).EntriesCard);
const TagStatsCard = lazy(async () => (await import('./lower-cards.ts')).TagStatsCard);
const FirstRun = lazy(async () => (await import('./forms.ts')).FirstRun);

function Figures({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  return (
    <>
      <NextStep dashboard={dashboard} portfolio={portfolio} />
      <Summary dashboard={dashboard} portfolio={portfolio} />
      <DecisionsCard dashboard={dashboard} portfolio={portfolio} />
      <CurveCard dashboard={dashboard} portfolio={portfolio} />
      <DaysCard dashboard={dashboard} portfolio={portfolio} />
      <AllocationCard dashboard={dashboard} portfolio={portfolio} />
      <CalendarCard dashboard={dashboard} portfolio={portfolio} />
      <HoldingsCard dashboard={dashboard} portfolio={portfolio} />
    </>
  );
}

/** One portfolio and the market, one of its assets, or what one of its figures is made of. */
function DashboardView({ own }: { own: Dashboard }) {
  const { all, chosen } = own.portfolios;
  const portfolio = chosen.value;
  useAddress(own.portfolios);
  const at = place.value;
  if (at.view === 'asset' && portfolio !== null) {
    const { asset } = at;
    return <AssetView key={`${portfolio.id} ${asset}`} dashboard={own} portfolio={portfolio} asset={asset} />;
  }
  if (at.view === 'explain' && portfolio !== null) {
    const { figure } = at;
    return (
      <ExplainView key={`${portfolio.id} ${figure}`} dashboard={own} portfolio={portfolio} figure={figure} />
    );
  }
  return (
    <>
      {all.value?.length === 0 &&
        (!own.mayCreate ? <p class="message">{text('noPortfolio')}</p> : <FirstRun dashboard={own} />)}
      <div id="dashboard" class={portfolio === null ? 'dashboard market-only' : 'dashboard'}>
        {portfolio !== null && (
          <Figures key={`figures ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
        <MarketCard
          key="market"
          market={own.market}
          connection={own.connection}
          portfolioId={portfolio?.id ?? null}
        />
        {portfolio !== null && (
          <AccountsCard key={`accounts ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
        {portfolio !== null && (
          <TradesCard key={`trades ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
        {portfolio !== null && (
          <TagStatsCard key={`tags ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
        {portfolio !== null && (
          <EntriesCard key={`entries ${portfolio.id}`} dashboard={own} portfolio={portfolio} />
        )}
      </div>
    </>
  );
}

function View({ session, user, own }: Pick<Props, 'session' | 'user'> & { own: Dashboard }) {
  switch (place.value.view) {
    case 'account':
      return <AccountView session={session} user={user} />;
    case 'admin':
      return <AdminView dashboard={own} user={user} />;
    case 'overview':
      return <OverviewView dashboard={own} />;
    default:
      return <DashboardView own={own} />;
  }
}

/** The page of a signed-in user. */
export function SignedIn({ session, user, connection, dashboard }: Props) {
  const { client } = session;
  useEffect(() => {
    const own = new Dashboard(client, user, connection);
    dashboard.value = own;
    return () => {
      own.close();
      dashboard.value = null;
    };
  }, [client, user.id, connection, dashboard]);

  useEffect(listenForCommands, []);
  // After the figures, which do not need the files that the worker loads.
  useSignalEffect(() => {
    if (dashboard.value?.isSettled.value === true) registerWorker();
  });

  const own = dashboard.value;
  if (own === null) return null;
  return (
    <>
      {/* First, so that the keyboard reaches it soon; it is shown at the edge of the window. */}
      <UndoBar dashboard={own} />
      <Invitations api={client.api} onAccept={(id) => own.joined(id)} />
      <View session={session} user={user} own={own} />
      <Dialogs dashboard={own} />
      {isCommanding.value && (
        <CommandDialog
          dashboard={own}
          session={session}
          user={user}
          onClose={() => (isCommanding.value = false)}
        />
      )}
    </>
  );
}
