import type { components } from 'marktide/client';
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { amount, count, exact, signedAmount } from '../figures/number.ts';
import { text } from '../text/text.ts';

interface Props {
  explanation: components['schemas']['Explanation'];
  currency: string;
  face: ClockFace;
}

type Disposal = Props['explanation']['disposals'][number];

/** The purchases that a sale was matched with. */
function MatchedLots({ disposal, currency, face }: { disposal: Disposal } & Omit<Props, 'explanation'>) {
  const { matches, unlisted } = disposal;
  return (
    <tr role="row" class="matched">
      <td role="cell" colSpan={6} class="words">
        <p class="aside">{text('explain.lotsOf', { time: face.dateTime(disposal.time) })}</p>
        <ul class="plain-list figures">
          {matches.map(({ entryId, time, quantity, costBasis }, index) => (
            <li key={`${entryId} ${index}`}>
              {face.dateTime(time)} · <span {...figureOf({ value: quantity, format: exact })} /> ·{' '}
              <span {...figureOf({ value: costBasis, format: (value) => amount(value, currency) })} />
            </li>
          ))}
          {unlisted.count > 0 && (
            <li>
              {text('explain.moreLots', { count: count(unlisted.count) })} ·{' '}
              <span {...figureOf({ value: unlisted.quantity, format: exact })} /> ·{' '}
              <span
                {...figureOf({ value: unlisted.costBasis, format: (value) => amount(value, currency) })}
              />
            </li>
          )}
        </ul>
      </td>
    </tr>
  );
}

/** What has been realised, sale by sale, newest first. */
export function RealizedCard({ explanation, currency, face }: Props) {
  const { disposals, earlier, realizedPnl } = explanation;
  const [opened, setOpened] = useState<Disposal | null>(null);
  if (disposals.length === 0) return null;
  const money = (value: string): string => amount(value, currency);
  const gain = (value: string): string => signedAmount(value, currency);
  return (
    <section class="card" id="realized-of" aria-labelledby="realized-of-title">
      <div class="heading">
        <h2 id="realized-of-title">{text('realized')}</h2>
        <b class="figures">
          <span {...figureOf({ value: realizedPnl.net, format: gain, tinted: true })} />
        </b>
      </div>
      <div class="scroll" role="region" aria-labelledby="realized-of-title" tabIndex={0}>
        <table role="table" class="figures cards">
          <thead role="rowgroup">
            <tr role="row">
              {(['time', 'entryKind', 'quantity', 'realized.proceeds', 'lots.cost', 'realized'] as const).map(
                (key) => (
                  <th
                    role="columnheader"
                    scope="col"
                    key={key}
                    class={key === 'entryKind' ? 'words' : undefined}
                  >
                    {text(key)}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody role="rowgroup" id="disposal-rows">
            {disposals.toReversed().map((disposal, index) => (
              <Fragment key={`${disposal.entryId} ${index}`}>
                <tr role="row">
                  <th role="rowheader" scope="row">
                    {face.dateTime(disposal.time)}
                  </th>
                  <td role="cell" class="words" data-label={text('entryKind')}>
                    {text(`disposal.${disposal.reason}`)}{' '}
                    {disposal.matches.length > 0 && (
                      <button
                        type="button"
                        name="lots"
                        class="inline"
                        aria-expanded={opened === disposal}
                        onClick={() => setOpened(opened === disposal ? null : disposal)}
                      >
                        {text('explain.lots')}
                      </button>
                    )}
                  </td>
                  <td
                    role="cell"
                    data-label={text('quantity')}
                    {...figureOf({ value: disposal.quantity, format: exact })}
                  />
                  <td
                    role="cell"
                    data-label={text('realized.proceeds')}
                    {...figureOf({ value: disposal.proceeds.net, format: money })}
                  />
                  <td
                    role="cell"
                    data-label={text('lots.cost')}
                    {...figureOf({ value: disposal.costBasis, format: money })}
                  />
                  <td
                    role="cell"
                    data-label={text('realized')}
                    {...figureOf({ value: disposal.realizedPnl.net, format: gain, tinted: true })}
                  />
                </tr>
                {opened === disposal && <MatchedLots disposal={disposal} currency={currency} face={face} />}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {earlier.disposals.count > 0 && (
        <p class="aside">
          {text('realized.earlier', { count: count(earlier.disposals.count) })}{' '}
          <span {...figureOf({ value: earlier.disposals.realizedPnl.net, format: gain, tinted: true })} />
        </p>
      )}
    </section>
  );
}
