import type { Portfolio } from '../api.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { DecisionList } from './decision-list.tsx';
import { useDecisions } from './use-decisions.ts';

/** The decisions that an import leaves open, right below its outcome. */
export function ImportedDecisions({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const decisions = useDecisions(dashboard, portfolio);
  return (
    <section id="import-decisions" aria-labelledby="import-decisions-title">
      <h3 id="import-decisions-title">{text('decisions', { count: decisions.count })}</h3>
      <p class="aside">{text('decisionsAbout')}</p>
      <DecisionList
        id="import-decisions-message"
        decisions={decisions}
        face={dashboard.connection.face.value}
        maySettle
      />
    </section>
  );
}
