import { useMemo } from 'preact/hooks';
import { clockFace } from '../figures/clock-face.ts';
import { Figure } from '../figures/figure.tsx';
import { amount, averagePrice, exact, signedAmount } from '../figures/number.ts';
import { FigureCell, RowName } from '../table/cell.tsx';
import { TableCard } from '../table/table-card.tsx';
import { text } from '../text/text.ts';
import { lastKnown } from './last-known.ts';

/** The figures of the last visit, shown and labelled as such while the server cannot be reached. */
export function LastKnownView() {
  const kept = useMemo(lastKnown, []);
  if (kept === null) return null;
  const { name, timeZone, pnl, holdings } = kept;
  const { baseCurrency } = pnl;
  const money = (value: string): string => amount(value, baseCurrency);
  const gain = (value: string): string => signedAmount(value, baseCurrency);
  const price = (value: string): string => averagePrice(value, baseCurrency);
  const totals = [
    ['equity', pnl.equity, money],
    ['dayPnl', pnl.day.pnl, gain],
    ['unrealized', pnl.unrealizedPnl, gain],
    ['realized', pnl.realizedPnl.net, gain],
    ['cash', pnl.cash, money],
  ] as const;
  return (
    <div class="dashboard" id="last-known">
      <p class="message" role="status" id="last-known-note">
        {text('lastKnown.about', { name, time: clockFace(timeZone).minute(pnl.asOf) })}
      </p>
      <section class="card" aria-labelledby="last-known-title">
        <h2 id="last-known-title">{name}</h2>
        <dl class="summary even figures">
          {totals.map(([key, value, format]) => (
            <div key={key}>
              <dt>{text(key)}</dt>
              <dd>
                <Figure value={value} format={format} />
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <TableCard
        id="last-known-holdings"
        title={text('holdings')}
        headings={[text('asset'), text('value'), text('unrealized'), text('markPrice'), text('quantity')]}
      >
        {holdings.items.map((holding) => (
          <tr role="row" key={holding.asset} data-asset={holding.asset}>
            <RowName>{holding.asset}</RowName>
            <FigureCell label={text('value')} value={holding.marketValue} format={money} />
            <FigureCell label={text('unrealized')} value={holding.unrealizedPnl} format={gain} />
            <FigureCell label={text('markPrice')} value={holding.markPrice} format={price} />
            <FigureCell label={text('quantity')} value={holding.quantity} format={exact} />
          </tr>
        ))}
      </TableCard>
    </div>
  );
}
