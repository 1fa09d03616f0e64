import { count } from '../figures/number.ts';
import type { Connection } from '../live/connection.ts';
import { Heading } from '../table/heading.tsx';
import { text } from '../text/text.ts';
import type { Market } from './market.ts';
import { TickerRow } from './ticker-row.tsx';

function note({ rows, isFull }: Market): string {
  if (rows.value.length === 0) return text('marketWaiting');
  return isFull.value ? text('marketPart', { count: count(rows.value.length) }) : '';
}

/** The market table. If all prices are simulated, it says so once, above them. */
export function MarketCard({ market, connection }: { market: Market; connection: Connection }) {
  const { sorting, rows, isSimulated, sparks } = market;
  const isAll = isSimulated.value;
  const face = connection.face.value;
  return (
    <section class="card area-market" id="market" aria-labelledby="market-title">
      <div class="heading">
        <h2 id="market-title">{text('market')}</h2>
        <span class="badge" id="market-simulated" hidden={!isAll}>
          {text('simulated')}
        </span>
        <span id="market-note" class="aside">
          {note(market)}
        </span>
      </div>
      <div class="scroll tall" role="region" aria-labelledby="market-title" tabIndex={0}>
        <table class="figures" id="market-table">
          <thead>
            <tr>
              <Heading sorting={sorting} by="symbol">
                {text('symbol')}
              </Heading>
              <th scope="col" class="spark-cell">
                {text('lastDay')}
              </th>
              <Heading sorting={sorting} by="price">
                {text('lastPrice')}
              </Heading>
              <Heading sorting={sorting} by="changeRate">
                {text('dayChangeRate')}
              </Heading>
            </tr>
          </thead>
          <tbody id="ticker-rows">
            {rows.value.map((quote) => (
              <TickerRow key={quote.symbol} quote={quote} sparks={sparks} face={face} isPlain={isAll} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
