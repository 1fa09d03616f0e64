import type { components } from 'marktide/client';
import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { amount, averagePrice, count, exact, signedAmount } from '../figures/number.ts';
import { text } from '../text/text.ts';

interface Props {
  explanation: components['schemas']['Explanation'];
  currency: string;
  face: ClockFace;
}

/** The purchases behind a holding. They add up to the holding exactly. */
export function LotsCard({ explanation, currency, face }: Props) {
  const { lots, earlier, costMethod } = explanation;
  const money = (value: string): string => amount(value, currency);
  return (
    <section class="card" id="lots" aria-labelledby="lots-title">
      <div class="heading">
        <h2 id="lots-title">{text('lots')}</h2>
        <span class="aside">{lots.length === 0 ? text('lots.none') : text(`costMethod.${costMethod}`)}</span>
      </div>
      {lots.length > 0 && (
        <div class="scroll" role="region" aria-labelledby="lots-title" tabIndex={0}>
          <table role="table" class="figures cards">
            <thead role="rowgroup">
              <tr role="row">
                {(
                  ['lots.since', 'quantity', 'lots.unitCost', 'lots.cost', 'value', 'unrealized'] as const
                ).map((key) => (
                  <th role="columnheader" scope="col" key={key}>
                    {text(key)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody role="rowgroup" id="lot-rows">
              {lots.map((lot, index) => (
                <tr role="row" key={`${lot.entryId} ${index}`}>
                  <th role="rowheader" scope="row">
                    {face.dateTime(lot.time)}
                  </th>
                  <td
                    role="cell"
                    data-label={text('quantity')}
                    {...figureOf({ value: lot.quantity, format: exact })}
                  />
                  <td
                    role="cell"
                    data-label={text('lots.unitCost')}
                    {...figureOf({ value: lot.unitCost, format: (value) => averagePrice(value, currency) })}
                  />
                  <td
                    role="cell"
                    data-label={text('lots.cost')}
                    {...figureOf({ value: lot.costBasis, format: money })}
                  />
                  <td
                    role="cell"
                    data-label={text('value')}
                    {...figureOf({ value: lot.marketValue, format: money })}
                  />
                  <td
                    role="cell"
                    data-label={text('unrealized')}
                    {...figureOf({
                      value: lot.unrealizedPnl,
                      format: (value) => signedAmount(value, currency),
                      tinted: true,
                    })}
                  />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {earlier.lots.count > 0 && (
        <p class="aside">{text('lots.earlier', { count: count(earlier.lots.count) })}</p>
      )}
    </section>
  );
}
