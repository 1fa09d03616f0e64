import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';
import { PortfolioForm } from './portfolio-form.tsx';

/** Shown while there is no portfolio yet. */
export function FirstRun({ dashboard }: { dashboard: Dashboard }) {
  return (
    <section class="card guide" id="first-run" aria-labelledby="first-run-title">
      <h2 id="first-run-title">{text('firstRun.title')}</h2>
      <p>{text('firstRun.about')}</p>
      <PortfolioForm dashboard={dashboard} portfolio={null} onDone={() => undefined} />
    </section>
  );
}
