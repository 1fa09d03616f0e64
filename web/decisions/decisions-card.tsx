import type { Portfolio } from '../api.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { DecisionList } from './decision-list.tsx';
import { useDecisions } from './use-decisions.ts';

/** The rows of imported files that only the user can explain; hidden if there are none. */
export function DecisionsCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const decisions = useDecisions(dashboard, portfolio);
  if (decisions.open.length === 0) return null;
  return (
    <section class="card" id="decisions" aria-labelledby="decisions-title">
      <h2 id="decisions-title">{text('decisions', { count: decisions.count })}</h2>
      <p class="aside">{text('decisionsAbout')}</p>
      <div class="scroll tall" role="region" aria-labelledby="decisions-title" tabIndex={0}>
        <DecisionList
          id="decisions-message"
          decisions={decisions}
          face={dashboard.connection.face.value}
          maySettle={portfolio.access !== 'read'}
        />
      </div>
    </section>
  );
}
