import type { Portfolio } from '../api.ts';
import { calendarDate } from '../figures/clock-face.ts';
import { hrefOf, params } from '../page/route.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { DayPart } from './day-part.tsx';
import { dateOf } from '../figures/calendar-day.ts';
import { type FigureName, FIGURES, isFigureName, isSumName } from './figures.ts';
import { HoldingsPart } from './holdings-part.tsx';
import { SumCard } from './sum-card.tsx';
import { TotalPart } from './total-part.tsx';

const DATE: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'long', day: 'numeric' };

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  figure: string;
}

function spanText(from: string, to: string): string {
  const [first, last] = [from, to].map((date) => (date === '' ? '…' : calendarDate(date, DATE)));
  if (from === '' && to === '') return '';
  return first === last ? (first ?? '') : text('explain.span', { from: first ?? '', to: last ?? '' });
}

function PartsOf({ figure, ...common }: Props & { figure: FigureName }) {
  const { asset = '', ...given } = params.value;
  const [from, to] = [dateOf(given['from']), dateOf(given['to'])];
  if (isSumName(figure)) return <SumCard {...common} figure={figure} asset={asset} from={from} to={to} />;
  if (figure === 'total') return <TotalPart {...common} />;
  if (figure === 'day') {
    const today = common.dashboard.connection.face.value.day(Date.now());
    return <DayPart {...common} date={dateOf(given['date']) || today} />;
  }
  return <HoldingsPart {...common} figure={figure} />;
}

/** What a figure of a portfolio is made of, down to the entries of its ledger. */
export function ExplainView({ dashboard, portfolio, figure: asked }: Props) {
  const { id: portfolioId } = portfolio;
  const figure = isFigureName(asked) ? asked : 'equity';
  const { asset = '', from, to, date } = params.value;
  const isPastDay = figure === 'day' && dateOf(date) !== '';
  const isCash = figure === 'quantity' && (asset === '' || asset === portfolio.baseCurrency);
  const span = figure === 'day' ? spanText(dateOf(date), dateOf(date)) : spanText(dateOf(from), dateOf(to));
  const title = isCash ? text('cash') : isPastDay ? text('spanPnl') : text(FIGURES[figure]);
  return (
    <div class="dashboard" id="explain">
      <div class="heading">
        <a href={hrefOf({ view: 'portfolio', portfolioId })}>{portfolio.name}</a>
        <span aria-hidden="true">›</span>
        {asset !== '' && !isCash && (
          <>
            <a href={hrefOf({ view: 'asset', portfolioId, asset })}>{asset}</a>
            <span aria-hidden="true">›</span>
          </>
        )}
        <h2 id="explain-title">{title}</h2>
        <span class="aside">{span === '' ? text('explain') : span}</span>
      </div>
      <PartsOf dashboard={dashboard} portfolio={portfolio} figure={figure} />
    </div>
  );
}
