import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { exact, signedPercent } from '../figures/number.ts';
import { text } from '../text/text.ts';
import type { Quote } from './market.ts';
import { Sparkline } from './sparkline.tsx';
import type { Sparks } from './sparks.ts';

interface Props {
  quote: Quote;
  sparks: Sparks;
  face: ClockFace;
  /** Whether that prices are made up is said elsewhere. */
  isPlain: boolean;
}

export function TickerRow({ quote, sparks, face, isPlain }: Props) {
  const { symbol, price, changeRate, time, simulated } = quote.ticker.value;
  return (
    <tr data-symbol={symbol} title={text('tickerTime', { time: face.time(time) })}>
      <th scope="row">
        {symbol}
        {simulated && !isPlain && <span class="badge">{text('simulated')}</span>}
      </th>
      <td class="spark-cell">
        <Sparkline symbol={symbol} sparks={sparks} />
      </td>
      <td {...figureOf({ value: price, format: exact, class: quote.flash.value })} />
      <td {...figureOf({ value: changeRate, format: signedPercent, tinted: true })} />
    </tr>
  );
}
