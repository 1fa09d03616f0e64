import { useMemo } from 'preact/hooks';
import type { components } from 'marktide/client';
import type { Portfolio } from '../api.ts';
import { amount, count, percent, ratio, signedAmount } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { hrefOf } from '../page/route.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { FigureCell, RowName } from '../table/cell.tsx';
import { Heading } from '../table/heading.tsx';
import { Sorting } from '../table/sorting.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';

type TagStats = components['schemas']['TagStats'];

/** The server's maximum per response. */
const MOST = 1_000;
const COLUMNS = {
  tag: 'tag',
  pnl: 'realized',
  winRate: 'winRate',
  profitFactor: 'profitFactor',
  expectancy: 'expectancy',
  wins: 'tagSales',
  count: 'tagTrades',
  fees: 'fees',
} as const;
type Column = keyof typeof COLUMNS;

function valueOf(stats: TagStats, column: Column): string | null {
  if (column === 'pnl') return stats.realizedPnl.net;
  const value = stats[column];
  return typeof value === 'number' ? String(value) : value;
}

/** Shows the trades with the tag in the list above, and continues there. */
function toTrades(): void {
  document.querySelector<HTMLElement>('#trades-filter [name=tag]')?.focus();
}

/** What the trades with each tag have brought. Hidden as long as no trade has one. */
export function TagStatsCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const { client, changes, isSettled } = dashboard;
  const sorting = useMemo(() => new Sorting<Column>({ key: 'pnl', isDescending: true }), []);
  const query = useQuery({
    load: (signal) => client.api.listTagStats({ path: { portfolioId }, query: { limit: MOST } }, { signal }),
    of: [portfolioId, isSettled.value],
    isOn: isSettled.value,
    changes,
  });
  const items = query.answer.value?.items ?? [];
  if (items.length === 0) return null;
  const gain = (value: string): string => signedAmount(value, baseCurrency);
  return (
    <section class="card" id="tag-stats" aria-labelledby="tag-stats-title">
      <div class="heading">
        <h2 id="tag-stats-title">{text('tagStats')}</h2>
        <span class="aside">{text('tagStatsAbout')}</span>
      </div>
      <Message id="tag-stats-note" class="note">
        {staleText(query.error.value)}
      </Message>
      <div class="scroll" role="region" aria-labelledby="tag-stats-title" tabIndex={0}>
        <table role="table" class="figures cards">
          <thead role="rowgroup">
            <tr role="row">
              {(Object.entries(COLUMNS) as [Column, (typeof COLUMNS)[Column]][]).map(([column, label]) => (
                <Heading key={column} sorting={sorting} by={column}>
                  {text(label)}
                </Heading>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup" id="tag-stats-rows">
            {sorting.sort(items, valueOf).map((stats) => (
              <tr role="row" key={stats.tag} data-tag={stats.tag}>
                <RowName>
                  <a href={hrefOf({ view: 'portfolio', portfolioId }, { tag: stats.tag })} onClick={toTrades}>
                    {stats.tag}
                  </a>
                </RowName>
                <FigureCell label={text('realized')} value={stats.realizedPnl.net} format={gain} tinted />
                <FigureCell label={text('winRate')} value={stats.winRate} format={percent} />
                <FigureCell label={text('profitFactor')} value={stats.profitFactor} format={ratio} />
                <FigureCell label={text('expectancy')} value={stats.expectancy} format={gain} tinted />
                <td role="cell" data-label={text('tagSales')}>
                  {`${count(stats.wins)} / ${count(stats.sells)}`}
                </td>
                <td role="cell" data-label={text('tagTrades')}>
                  {count(stats.count)}
                </td>
                <FigureCell
                  label={text('fees')}
                  value={stats.fees}
                  format={(value) => amount(value, baseCurrency)}
                />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
