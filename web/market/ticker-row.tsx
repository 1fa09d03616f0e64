import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { exact, signedPercent } from '../figures/number.ts';
import { hrefOf } from '../page/route.ts';
import { text } from '../text/text.ts';
import { favourites, toggleFavourite } from './favourites.ts';
import type { Quote } from './market.ts';
import { Sparkline } from './sparkline.tsx';
import type { Sparks } from './sparks.ts';

interface Props {
  quote: Quote;
  sparks: Sparks;
  face: ClockFace;
  /** Whether the page already says elsewhere that prices are simulated. */
  isPlain: boolean;
  portfolioId: string | null;
}

function hrefOfSymbol(symbol: string, portfolioId: string): string {
  const asset = symbol.split('/')[0] ?? symbol;
  return `${hrefOf({ view: 'asset', portfolioId, asset })}?${String(new URLSearchParams({ symbol }))}`;
}

export function TickerRow({ quote, sparks, face, isPlain, portfolioId }: Props) {
  const isMarked = favourites.value.has(quote.symbol);
  const { symbol, price, changeRate, time, simulated, status } = quote.ticker.value;
  return (
    <tr data-symbol={symbol} data-status={status} title={text('tickerTime', { time: face.time(time) })}>
      <th scope="row">
        <button
          type="button"
          class="star"
          name="favourite"
          aria-pressed={isMarked}
          aria-label={text('marketMark', { symbol })}
          onClick={() => toggleFavourite(symbol)}
        >
          <span aria-hidden="true">{isMarked ? '★' : '☆'}</span>
        </button>
        {portfolioId === null ? symbol : <a href={hrefOfSymbol(symbol, portfolioId)}>{symbol}</a>}
        {simulated && !isPlain && <span class="badge">{text('simulated')}</span>}
        {status !== 'live' && <span class="badge">{text(`status.${status}`)}</span>}
      </th>
      <td class="spark-cell">
        <Sparkline symbol={symbol} sparks={sparks} />
      </td>
      <td {...figureOf({ value: price, format: exact, class: quote.flash.value })} />
      <td {...figureOf({ value: changeRate, format: signedPercent, tinted: true })} />
    </tr>
  );
}
