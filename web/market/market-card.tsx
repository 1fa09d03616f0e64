import { useState } from 'preact/hooks';
import { count } from '../figures/number.ts';
import type { Connection } from '../live/connection.ts';
import { Heading } from '../table/heading.tsx';
import { text } from '../text/text.ts';
import { favourites } from './favourites.ts';
import type { Market, Quote } from './market.ts';
import { TickerRow } from './ticker-row.tsx';

interface Props {
  market: Market;
  connection: Connection;
  /** The portfolio that the rows link to; `null` for no links. */
  portfolioId: string | null;
}

function note({ rows, isFull }: Market): string {
  if (rows.value.length === 0) return text('marketWaiting');
  return isFull.value ? text('marketPart', { count: count(rows.value.length) }) : '';
}

/** The rows that match the search, optionally only those marked by the reader. */
function shownOf(rows: readonly Quote[], find: string, onlyMarked: boolean): readonly Quote[] {
  const part = find.trim().toUpperCase();
  const marked = favourites.value;
  return rows.filter(
    ({ symbol }) => symbol.toUpperCase().includes(part) && (!onlyMarked || marked.has(symbol)),
  );
}

/** The market table. If all prices are simulated, it says so once, above them. */
export function MarketCard({ market, connection, portfolioId }: Props) {
  const [find, setFind] = useState('');
  const [onlyMarked, setOnlyMarked] = useState(false);
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
        {rows.value.length > 0 && (
          <form
            class="holding-filter"
            role="search"
            id="market-filter"
            onSubmit={(event) => event.preventDefault()}
          >
            <input
              type="search"
              name="find"
              maxLength={20}
              autocomplete="off"
              aria-label={text('marketFind')}
              placeholder={text('marketFind')}
              value={find}
              onInput={({ currentTarget: { value } }) => setFind(value)}
            />
            <label class="check">
              <input
                type="checkbox"
                name="marked"
                checked={onlyMarked}
                onChange={({ currentTarget: { checked } }) => setOnlyMarked(checked)}
              />
              {text('marketMarked')}
            </label>
          </form>
        )}
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
            {shownOf(rows.value, find, onlyMarked).map((quote) => (
              <TickerRow
                key={quote.symbol}
                quote={quote}
                sparks={sparks}
                face={face}
                isPlain={isAll}
                portfolioId={portfolioId}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
