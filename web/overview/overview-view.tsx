import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { GroupCard } from './group-card.tsx';
import { groupsOf } from './portfolio-groups.ts';

/** All portfolios with their totals: one table per currency, because nothing is converted. */
export function OverviewView({ dashboard }: { dashboard: Dashboard }) {
  const { portfolios, overview, connection } = dashboard;
  const all = portfolios.all.value;
  if (all === null) return null;
  return (
    <div class="dashboard" id="overview">
      <h2 class="hidden">{text('overview')}</h2>
      {all.length === 0 && <p class="message">{text('overview.none')}</p>}
      {groupsOf(all).map((group) => (
        <GroupCard
          key={`${group.currency} ${group.simulated}`}
          group={group}
          overview={overview}
          face={connection.face.value}
        />
      ))}
    </div>
  );
}
