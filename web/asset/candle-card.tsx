import { useComputed, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ListedTrade, Portfolio } from '../api.ts';
import { ChartView } from '../chart/chart-view.tsx';
import { PictureButton } from '../chart/picture-button.tsx';
import { Reading } from '../chart/reading.tsx';
import { count, exact } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { params, setParams } from '../page/route.ts';
import { Segments } from '../page/segments.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { candlesOf, drawnCandles, type Step, stepOf, STEPS, tradesIn, withTick } from './candles.ts';

const NAMES = Object.keys(STEPS) as Step[];
const CANDLES = 200;
const TRADES = 1_000;
const EVERY_MS = 60_000;

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  symbol: string;
  /** Markets of the asset to choose from. */
  symbols: readonly string[];
}

function tradeText({ side, quantity, price }: ListedTrade): string {
  return text('candles.trade', {
    side: text(`side.${side}`),
    quantity: exact(quantity),
    price: exact(price),
  });
}

/** The candles of a market with the user's trades; the last candle is live. */
export function CandleCard({ dashboard, portfolio, symbol, symbols }: Props) {
  const { id: portfolioId } = portfolio;
  const { client, changes, isSettled, connection, market } = dashboard;
  const step = stepOf(params.value['step']);
  const at = useSignal<number | null>(null);
  const query = useQuery({
    load: async (signal) => {
      const asked = { symbol, interval: step, format: 'columns' as const, limit: CANDLES };
      const candles = candlesOf(await client.api.listCandles({ query: asked }, { signal }));
      const [first] = candles;
      const own = { symbol, order: 'desc' as const, limit: TRADES };
      const since = first === undefined ? {} : { from: String(first.t) };
      const trades = await client.api.listTrades(
        { path: { portfolioId }, query: { ...own, ...since } },
        { signal },
      );
      return { step, symbol, candles, trades: first === undefined ? [] : trades.items };
    },
    of: [portfolioId, symbol, step, isSettled.value],
    isOn: isSettled.value,
    everyMs: EVERY_MS,
    changes,
  });
  const quote = useComputed(() => market.rows.value.find((row) => row.symbol === query.answer.value?.symbol));
  const candles = useComputed(() => {
    const answer = query.answer.value;
    if (answer === null) return [];
    return withTick(answer.candles, quote.value?.ticker.value ?? null, answer.step);
  });
  const columns = useComputed(() => drawnCandles(candles.value));
  const answer = query.answer.value;
  const trades = answer?.trades ?? [];
  const face = connection.face.value;
  // Read when the chart draws, which may be after a later render.
  const drawn = useRef({ stepMs: STEPS[step] as number, trades });
  drawn.current = { stepMs: STEPS[answer?.step ?? step], trades };

  const describe = (index: number): string => {
    const candle = candles.peek()[index];
    if (candle === undefined) return '';
    const { open, high, low, close } = candle;
    const figures = text('candles.describe', {
      open: exact(open),
      high: exact(high),
      low: exact(low),
      close: exact(close),
    });
    const own = tradesIn(drawn.current.trades, candle, candles.peek()[index + 1]).map(tradeText);
    const doubt = candle.isComplete ? [] : [text('candles.incompleteOne')];
    return [`${face.minute(candle.t)}: ${figures}`, ...own, ...doubt].join(', ');
  };
  const shown = at.value === null ? undefined : candles.value[at.value];
  const own = tradesIn(trades, shown, candles.value[(at.value ?? 0) + 1]);
  const incomplete = candles.value.filter(({ isComplete }) => !isComplete).length;
  const note =
    incomplete === 0
      ? ''
      : text('candles.incomplete', { count: count(incomplete), total: count(candles.value.length) });
  return (
    <section
      class="card"
      id="candles"
      aria-labelledby="candles-title"
      aria-busy={query.isBusy.value ? 'true' : undefined}
    >
      <div class="heading">
        <h2 id="candles-title">{text('candles')}</h2>
        {symbols.length > 1 ? (
          <select
            id="candles-symbol"
            aria-label={text('symbol')}
            value={symbol}
            onChange={({ currentTarget: { value } }) => setParams({ symbol: value })}
          >
            {symbols.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        ) : (
          <span id="candles-symbol">{symbol}</span>
        )}
        <PictureButton chart="candles-chart" name={`${symbol} ${step}`} />
        <Segments
          id="candles-step"
          legend={text('interval')}
          choices={NAMES.map((name) => [name, text(`candles.${name}`)] as const)}
          value={step}
          onChange={(chosen) => setParams({ step: chosen })}
        />
      </div>
      <Message id="candles-note" class="note">
        {staleText(query.error.value) || note}
      </Message>
      {answer !== null && answer.candles.length === 0 ? (
        <p class="aside" id="candles-none">
          {text('candles.none', { symbol })}
        </p>
      ) : (
        <>
          <ChartView
            id="candles-chart"
            label={text('candles.of', { symbol })}
            columns={columns.value}
            options={(plots) =>
              plots.candleOptions({
                face,
                stepMs: () => drawn.current.stepMs,
                marks: () =>
                  drawn.current.trades.map(({ time, price, side }) => ({
                    t: Date.parse(time),
                    price: Number(price),
                    side,
                  })),
                isComplete: (index) => candles.peek()[index]?.isComplete ?? true,
              })
            }
            of={face}
            onRead={(read) => (at.value = read)}
            describe={describe}
          />
          <p class="readout figures" id="candles-readout">
            {shown !== undefined && (
              <>
                <span class="aside">{face.minute(shown.t)}</span>
                <Reading name={text('candles.open')}>{exact(shown.open)}</Reading>
                <Reading name={text('candles.high')}>{exact(shown.high)}</Reading>
                <Reading name={text('candles.low')}>{exact(shown.low)}</Reading>
                <Reading name={text('candles.close')}>{exact(shown.close)}</Reading>
                <Reading name={text('candles.volume')}>{exact(shown.volume)}</Reading>
                {!shown.isComplete && <span class="badge">{text('candles.incompleteOne')}</span>}
                {own.map((trade) => (
                  <span key={trade.id} class={trade.side === 'buy' ? 'own-buy' : 'own-sell'}>
                    {tradeText(trade)}
                  </span>
                ))}
              </>
            )}
          </p>
        </>
      )}
    </section>
  );
}
