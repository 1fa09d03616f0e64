import { useComputed, useSignal } from '@preact/signals';
import type { Portfolio } from '../api.ts';
import { explainHref } from '../explain/figures.ts';
import { calendarDate } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { compactAmount } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { locale } from '../page/locale.ts';
import { Message } from '../page/message.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type Day, firstOf, monthOf, weeksOf } from './calendar-month.ts';
import { withToday } from './days.ts';

const EVERY_MS = 60_000;
/** A Monday. */
const MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

function weekdays(): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  return Array.from({ length: 7 }, (_, index) => format.format(MONDAY + index * DAY_MS));
}

interface CellProps {
  day: Day | null;
  currency: string;
  portfolioId: string;
}

/** A day with its PnL, which leads to what that is made of. */
function DayCell({ day, currency, portfolioId }: CellProps) {
  if (day === null) return <td />;
  const { date, period, share } = day;
  const strength = `${Math.round(Math.abs(share) * 30)}%`;
  const tint = share > 0 ? 'var(--up)' : 'var(--down)';
  return (
    <td
      data-date={date}
      style={share === 0 ? undefined : { background: `color-mix(in srgb, ${tint} ${strength}, transparent)` }}
    >
      {period === null ? (
        <span class="date">{Number(date.slice(8))}</span>
      ) : (
        <a class="explained" href={explainHref(portfolioId, 'day', { date })}>
          <span class="date">{Number(date.slice(8))}</span>{' '}
          <span {...figureOf({ value: period.pnl, format: (value) => compactAmount(value, currency) })} />
        </a>
      )}
    </td>
  );
}

/** The PnL of each day of a month, as a calendar. */
export function CalendarCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const { client, changes, isSettled, connection, pnl } = dashboard;
  const today = connection.face.value.day(Date.now());
  const back = useSignal(0);
  const month = monthOf(today, -back.value);
  const query = useQuery({
    load: async (signal) => {
      const span = { from: firstOf(month), to: firstOf(monthOf(month, 1)) };
      const asked = { path: { portfolioId }, query: { interval: 'day' as const, ...span } };
      return { month, ...(await client.api.listPnlPeriods(asked, { signal })) };
    },
    of: [portfolioId, month, isSettled.value],
    isOn: isSettled.value,
    everyMs: EVERY_MS,
    changes,
  });
  const weeks = useComputed(() => {
    const answer = query.answer.value;
    if (answer === null) return [];
    return weeksOf(answer.month, withToday(answer, pnl.value, connection.face.value));
  });
  return (
    <section
      class="card area-half"
      id="calendar"
      aria-labelledby="calendar-title"
      aria-busy={query.isBusy.value ? 'true' : undefined}
    >
      <div class="heading">
        <h2 id="calendar-title">{text('calendar')}</h2>
        <span class="actions">
          <button
            type="button"
            name="earlier"
            class="icon"
            aria-label={text('calendar.earlier')}
            onClick={() => (back.value += 1)}
          >
            <span aria-hidden="true">‹</span>
          </button>
          <span class="month" role="status">
            {calendarDate(firstOf(month), { year: 'numeric', month: 'long' })}
          </span>
          <button
            type="button"
            name="later"
            class="icon"
            aria-label={text('calendar.later')}
            disabled={back.value === 0}
            onClick={() => (back.value -= 1)}
          >
            <span aria-hidden="true">›</span>
          </button>
        </span>
      </div>
      <Message id="calendar-note" class="note">
        {staleText(query.error.value)}
      </Message>
      <table class="figures calendar">
        <thead>
          <tr>
            {weekdays().map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody id="calendar-days">
          {weeks.value.map((week, index) => (
            <tr key={index}>
              {week.map((day, column) => (
                <DayCell key={column} day={day} currency={baseCurrency} portfolioId={portfolioId} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
