import type { ComponentChildren } from 'preact';
import type { Portfolio } from '../api.ts';
import { allDigits, showAllDigits } from '../figures/all-digits.ts';
import { Figure, SmallFigure } from '../figures/figure.tsx';
import { amount, signedAmount, signedPercent } from '../figures/number.ts';
import { explainHref, type FigureName } from '../explain/figures.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';
import { Warnings } from './warning-list.tsx';
import { reasonOf } from './warnings.ts';

interface CellProps {
  id: string;
  label: string;
  /** Where it is explained. */
  href: string;
  isMain?: boolean;
  value: string | null | undefined;
  format: (value: string) => string;
  tinted?: boolean;
  /** Why it is unknown. */
  why: string;
  unit?: string;
  /** The line below; hidden if nothing is known. */
  children?: ComponentChildren;
}

function Cell({
  id,
  label,
  href,
  isMain = false,
  value,
  format,
  tinted = false,
  why,
  unit,
  children,
}: CellProps) {
  const isUnknown = value === null;
  return (
    <div class={isMain ? 'main' : undefined}>
      <dt>
        <a class="explained" href={href} title={text('explain')}>
          {label}
        </a>
      </dt>
      <dd id={id}>
        <Figure value={value} format={format} tinted={tinted} why={why} />
        {unit !== undefined && <span class="unit">{unit}</span>}
        {isUnknown ? <small class="why">{why}</small> : children}
      </dd>
    </div>
  );
}

/** The portfolio's main figures and its warnings. */
export function Summary({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const pnl = dashboard.pnl.value;
  const face = dashboard.connection.face.value;
  const { baseCurrency = '', warnings = [] } = pnl ?? {};
  const why = (figure: string): string => reasonOf(warnings, figure) || text('unknown');
  const money = (value: string): string => amount(value, baseCurrency);
  const gain = (value: string): string => signedAmount(value, baseCurrency);
  const rate = (figure: string, value: string | null | undefined) =>
    pnl !== null && (
      <SmallFigure value={value} format={signedPercent} tinted why={reasonOf(warnings, figure)} />
    );
  const gross = pnl?.realizedPnl.gross ?? null;
  const href = (figure: FigureName, asset = ''): string => explainHref(portfolio.id, figure, { asset });
  return (
    // The position allows these figures to be compared with an answer of the API.
    <section class="card" id="summary" aria-labelledby="summary-title" data-position={pnl?.position}>
      <h2 id="summary-title" class="hidden">
        {text('summary')}
      </h2>
      <dl class="summary figures">
        <Cell
          id="equity"
          href={href('equity')}
          label={text('equity')}
          isMain
          value={pnl?.equity}
          format={money}
          why={why('equity')}
          unit={baseCurrency}
        >
          <small class="plain">{pnl !== null && text('asOf', { time: face.time(pnl.asOf) })}</small>
        </Cell>
        <Cell
          id="day-pnl"
          href={href('day')}
          label={text('dayPnl')}
          isMain
          value={pnl?.day.pnl}
          format={gain}
          tinted
          why={why('day.pnl')}
        >
          {rate('day.rate', pnl?.day.rate)}
        </Cell>
        <Cell
          id="unrealized"
          href={href('unrealized')}
          label={text('unrealized')}
          value={pnl?.unrealizedPnl}
          format={gain}
          tinted
          why={why('unrealizedPnl')}
        >
          {rate('unrealizedRate', pnl?.unrealizedRate)}
        </Cell>
        <Cell
          id="realized"
          href={href('realized')}
          label={text('realized')}
          value={pnl?.realizedPnl.net}
          format={gain}
          tinted
          why={why('realizedPnl.net')}
        >
          {gross !== null && <small class="plain">{text('gross', { amount: gain(gross) })}</small>}
        </Cell>
        <Cell
          id="cash"
          href={href('quantity', baseCurrency)}
          label={text('cash')}
          value={pnl?.cash}
          format={money}
          why={why('cash')}
        />
        <Cell
          id="contributions"
          href={href('contributions')}
          label={text('contributions')}
          value={pnl?.netContributions}
          format={money}
          why={why('netContributions')}
        />
        {pnl !== null && pnl.transferredPnl !== '0' && (
          <Cell
            id="transferred"
            href={href('transferred')}
            label={text('transferred')}
            value={pnl.transferredPnl}
            format={gain}
            tinted
            why={why('transferredPnl')}
          />
        )}
      </dl>
      <dl class="strip figures" id="totals">
        <Cell
          id="total-pnl"
          href={href('total')}
          label={text('totalPnl')}
          value={pnl?.totalPnl}
          format={gain}
          tinted
          why={why('totalPnl')}
        />
        <Cell
          id="income"
          href={href('income')}
          label={text('income')}
          value={pnl?.income}
          format={money}
          why={why('income')}
        />
        <Cell
          id="fees"
          href={href('fees')}
          label={text('fees')}
          value={pnl?.fees}
          format={money}
          why={why('fees')}
        />
      </dl>
      <p class="digits">
        <label class="check">
          <input
            type="checkbox"
            id="all-digits"
            checked={allDigits.value}
            onChange={({ currentTarget: { checked } }) => showAllDigits(checked)}
          />
          {text('allDigits')}
        </label>
      </p>
      <Warnings warnings={warnings} />
    </section>
  );
}
