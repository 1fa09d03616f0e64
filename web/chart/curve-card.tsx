import { useComputed, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Performance, Portfolio } from '../api.ts';
import { amount } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { Segments } from '../page/segments.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import type { Columns } from './chart.ts';
import { ChartView } from './chart-view.tsx';
import type { Span } from './curve-options.ts';
import { drawn, questionsOf, type Range, RANGES, sinceFunded, withLive } from './curve.ts';
import { PictureButton } from './picture-button.tsx';
import { PerformanceStrip } from './performance-strip.tsx';
import { Reading } from './reading.tsx';

const NAMES = Object.keys(RANGES) as Range[];
const NOTHING: Columns = [[], []];

/** The time of the largest drawdown. */
function spanOf(performance: Performance | null): Span | null {
  const { peak, trough } = performance?.risk.maxDrawdown ?? {};
  if (typeof peak !== 'string' || typeof trough !== 'string') return null;
  return { from: Date.parse(peak), to: Date.parse(trough) };
}

/** The equity curve, with its newest point live, and its statistics. */
export function CurveCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const { client, changes, isSettled, connection, pnl } = dashboard;
  const range = useSignal<Range>('1M');
  const isCompared = useSignal(true);
  const at = useSignal<number | null>(null);
  const benchmark = isCompared.value ? portfolio.benchmark : null;
  const query = useQuery({
    load: async (signal) => {
      const { series, performance } = questionsOf(range.peek(), benchmark);
      const path = { portfolioId };
      const [curve, strip] = await Promise.all([
        client.api.getSeries({ path, query: series }, { signal }),
        client.api.getPerformance({ path, query: performance }, { signal }),
      ]);
      return { curve: sinceFunded(curve), performance: strip };
    },
    of: [portfolioId, range.value, benchmark, isSettled.value],
    isOn: isSettled.value,
    everyMs: RANGES[range.value].refresh,
    changes,
  });
  const curve = useComputed(() => {
    const answer = query.answer.value;
    return answer === null ? null : withLive(answer.curve, pnl.value);
  });
  const columns = useComputed(() => (curve.value === null ? NOTHING : drawn(curve.value)));

  const face = connection.face.value;
  const money = (value: string | null | undefined): string =>
    value === null || value === undefined ? text('unknown') : amount(value, baseCurrency);
  const describe = (index: number): string => {
    const { t = [], equity = [], benchmark: compared } = curve.peek() ?? {};
    const own = `${face.minute(t[index] ?? 0)}: ${money(equity[index])} ${baseCurrency}`;
    return compared === undefined ? own : `${own}, ${portfolio.benchmark}: ${money(compared[index])}`;
  };
  const drawdown = useRef<Span | null>(null);
  drawdown.current = spanOf(query.answer.value?.performance ?? null);
  const shown = curve.value;
  const index = at.value;
  return (
    <section
      class="card area-equity"
      id="curve"
      aria-labelledby="curve-title"
      aria-busy={query.isBusy.value ? 'true' : undefined}
    >
      <div class="heading">
        <h2 id="curve-title">{text('curve')}</h2>
        {portfolio.benchmark !== null && (
          <label class="check">
            <input
              type="checkbox"
              id="benchmark"
              checked={isCompared.value}
              onChange={(event) => (isCompared.value = event.currentTarget.checked)}
            />
            <span id="benchmark-name">{text('compareWith', { symbol: portfolio.benchmark })}</span>
          </label>
        )}
        <PictureButton chart="curve-chart" name={`${portfolio.name} ${text('curve')}`} />
        <Segments
          id="curve-range"
          legend={text('range')}
          choices={NAMES.map((name) => [name, text(`range.${name}`)] as const)}
          value={range.value}
          onChange={(chosen) => (range.value = chosen)}
        />
      </div>
      <Message id="curve-note" class="note">
        {staleText(query.error.value)}
      </Message>
      <ChartView
        id="curve-chart"
        label={text('curve')}
        columns={columns.value}
        options={(plots, series) => plots.curveOptions(series, face, () => drawdown.current)}
        of={face}
        onRead={(read) => (at.value = read)}
        describe={describe}
      />
      <p class="readout figures" id="curve-readout">
        {shown !== null && index !== null && (
          <>
            <span class="aside">{face.minute(shown.t[index] ?? 0)}</span>
            <Reading name={text('equity')} class="own">
              {money(shown.equity[index])}
            </Reading>
            {shown.benchmark !== undefined && (
              <Reading name={portfolio.benchmark ?? ''} class="compared">
                {money(shown.benchmark[index])}
              </Reading>
            )}
            {drawdown.current !== null && (
              <Reading name={text('maxDrawdown')} class="lost">
                {`${face.minute(drawdown.current.from)} – ${face.minute(drawdown.current.to)}`}
              </Reading>
            )}
          </>
        )}
      </p>
      {query.answer.value !== null && (
        <PerformanceStrip performance={query.answer.value.performance} face={face} />
      )}
    </section>
  );
}
