import { useComputed } from '@preact/signals';
import type { Pnl, Portfolio } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { amount, signedAmount } from '../figures/number.ts';
import { text } from '../text/text.ts';
import { OverviewRow } from './overview-row.tsx';
import type { Overview } from './overview.ts';
import { type Group, totalOf } from './portfolio-groups.ts';

/** The totals, and how to read them from the figures of a portfolio. */
const ADDED = {
  equity: (pnl: Pnl) => pnl.equity,
  dayPnl: (pnl: Pnl) => pnl.day.pnl,
  unrealized: (pnl: Pnl) => pnl.unrealizedPnl,
  realized: (pnl: Pnl) => pnl.realizedPnl.net,
};
type Added = keyof typeof ADDED;
const COLUMNS = Object.keys(ADDED) as Added[];

function addedOf(pnl: Pnl | null, column: Added): string | null | undefined {
  return pnl === null ? undefined : ADDED[column](pnl);
}

interface Props {
  group: Group<Portfolio>;
  overview: Overview;
  face: ClockFace;
}

function Total({
  group: { currency, portfolios },
  overview,
  column,
}: Omit<Props, 'face'> & { column: Added }) {
  const total = useComputed(() =>
    totalOf(portfolios.map(({ id, name }) => ({ name, value: addedOf(overview.of(id).value, column) }))),
  );
  const { value, unknown } = total.value;
  const isPlain = column === 'equity';
  return (
    <td
      role="cell"
      data-label={text(column)}
      data-total={column}
      {...figureOf({
        value,
        format: (shown) => (isPlain ? amount(shown, currency) : signedAmount(shown, currency)),
        tinted: !isPlain,
        why: unknown.length === 0 ? '' : text('overview.unknown', { names: unknown.join(', ') }),
      })}
    />
  );
}

/** A group of portfolios that can be added up, with its totals. */
export function GroupCard({ group, overview, face }: Props) {
  const { currency, simulated, portfolios } = group;
  const id = `overview-${currency}${simulated ? '-simulated' : ''}`;
  return (
    <section class="card" id={id} aria-labelledby={`${id}-title`}>
      <div class="heading">
        <h2 id={`${id}-title`}>{text('overview.in', { currency })}</h2>
        {simulated && <span class="badge">{text('simulated')}</span>}
      </div>
      <div class="scroll" role="region" aria-labelledby={`${id}-title`} tabIndex={0}>
        <table role="table" class="figures cards">
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" scope="col">
                {text('portfolioName')}
              </th>
              {COLUMNS.map((column) => (
                <th role="columnheader" scope="col" key={column}>
                  {text(column)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {portfolios.map((portfolio) => (
              <OverviewRow
                key={portfolio.id}
                portfolio={portfolio}
                totals={overview.of(portfolio.id)}
                isAsked={overview.asked.value.includes(portfolio.id)}
                face={face}
              />
            ))}
            {portfolios.length > 1 && (
              <tr role="row" class="total">
                <th role="rowheader" scope="row">
                  {text('overview.total')}
                </th>
                {COLUMNS.map((column) => (
                  <Total key={column} group={group} overview={overview} column={column} />
                ))}
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}
