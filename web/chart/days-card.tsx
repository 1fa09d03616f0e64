import { useComputed, useSignal } from '@preact/signals';
import type { Portfolio } from '../api.ts';
import { calendarDate } from '../figures/clock-face.ts';
import { Figure, figureOf } from '../figures/figure.tsx';
import { compare } from '../figures/decimal.ts';
import { signedAmount, signedPercent } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { Segments } from '../page/segments.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { ChartView } from './chart-view.tsx';
import { drawnBars, INTERVALS, type IntervalName, withToday } from './days.ts';
import { Reading } from './reading.tsx';

const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
const NAMES = Object.keys(INTERVALS) as IntervalName[];

/** PnL by period; today's is live. */
export function DaysCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const { client, changes, isSettled, connection, pnl } = dashboard;
  const interval = useSignal<IntervalName>('day');
  const at = useSignal<number | null>(null);
  const query = useQuery({
    load: async (signal) => {
      const name = interval.peek();
      const from = connection.face.peek().day(Date.now() - INTERVALS[name].days * DAY_MS);
      const asked = { path: { portfolioId }, query: { interval: name, from } };
      return { name, ...(await client.api.listPnlPeriods(asked, { signal })) };
    },
    of: [portfolioId, interval.value, isSettled.value],
    isOn: isSettled.value,
    everyMs: EVERY_MS,
    changes,
  });
  const items = useComputed(() => {
    const answer = query.answer.value;
    if (answer === null) return [];
    return answer.name === 'day' ? withToday(answer, pnl.value, connection.face.value) : answer.items;
  });
  const columns = useComputed(() => drawnBars(items.value));

  const gain = (value: string): string => signedAmount(value, baseCurrency);
  const label = (index: number, length: 'short' | 'long'): string => {
    const item = items.peek()[index];
    const name = query.answer.peek()?.name ?? 'day';
    return item === undefined ? '' : calendarDate(item.label, INTERVALS[name][length]);
  };
  const describe = (index: number): string => {
    const item = items.peek()[index];
    const known = item?.pnl ?? null;
    const figures = [known === null ? text('unknown') : gain(known)];
    if (item !== undefined && item.rate !== null) figures.push(signedPercent(item.rate));
    return `${label(index, 'long')}: ${figures.join(', ')}`;
  };
  const read = at.value === null ? undefined : items.value[at.value];
  const known = items.value.map((item) => item.pnl).filter((value) => value !== null);
  const ordered = known.toSorted(compare);
  return (
    <section
      class="card area-days"
      id="days"
      aria-labelledby="days-title"
      aria-busy={query.isBusy.value ? 'true' : undefined}
    >
      <div class="heading">
        <h2 id="days-title">{text('periods')}</h2>
        <Segments
          id="days-interval"
          legend={text('interval')}
          choices={NAMES.map((name) => [name, text(`interval.${name}`)] as const)}
          value={interval.value}
          onChange={(chosen) => (interval.value = chosen)}
        />
      </div>
      <Message id="days-note" class="note">
        {staleText(query.error.value)}
      </Message>
      <ChartView
        id="days-chart"
        label={text('periods')}
        columns={columns.value}
        options={(plots) => plots.barOptions((index) => label(index, 'short'))}
        of={null}
        onRead={(index) => (at.value = index)}
        describe={describe}
      />
      <p class="readout figures" id="days-readout">
        {read !== undefined && (
          <>
            <Reading name={label(at.value ?? 0, 'long')}>
              <Figure value={read.pnl} format={gain} tinted />
            </Reading>
            <Figure value={read.rate} format={signedPercent} tinted />
          </>
        )}
      </p>
      {ordered.length > 0 && (
        <dl class="strip figures" id="days-extremes">
          <div>
            <dt>{text('best')}</dt>
            <dd {...figureOf({ value: ordered.at(-1), format: gain, tinted: true })} />
          </div>
          <div>
            <dt>{text('worst')}</dt>
            <dd {...figureOf({ value: ordered[0], format: gain, tinted: true })} />
          </div>
        </dl>
      )}
    </section>
  );
}
