import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { Figure } from '../figures/figure.tsx';
import { signedAmount, signedExact } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { TableCard } from '../table/table-card.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { dayAfter } from '../figures/calendar-day.ts';
import { type SumName, SUMS } from './figures.ts';
import { partHeadings, PartRows } from './part-rows.tsx';

const PAGE = 25;
/** Those in which more is better. */
const GAINS: readonly SumName[] = ['realized', 'income', 'transferred'];

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  figure: SumName;
  asset: string;
  /** Dates, both inclusive; `''` for no limit. */
  from: string;
  to: string;
}

/** The entries that a figure is the sum of, page by page. */
export function SumCard({ dashboard, portfolio, figure, asset, from, to }: Props) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const { client, changes, isSettled } = dashboard;
  /** The cursors of the pages up to the current one; the first page has none. */
  const cursors = useSignal<readonly string[]>(['']);
  const cursor = cursors.value.at(-1) ?? '';
  useEffect(() => {
    cursors.value = [''];
  }, [figure, asset, from, to]);
  const query = useQuery({
    load: (signal) =>
      client.api.listFigureEntries(
        {
          path: { portfolioId },
          query: {
            figure: SUMS[figure],
            limit: PAGE,
            ...(asset === '' ? {} : { asset }),
            ...(from === '' ? {} : { from }),
            ...(to === '' ? {} : { to: dayAfter(to) }),
            ...(cursor === '' ? {} : { cursor }),
          },
        },
        { signal },
      ),
    of: [portfolioId, figure, asset, from, to, cursor, isSettled.value],
    isOn: isSettled.value,
    changes,
  });
  const answer = query.answer.value;
  const items = answer?.items ?? [];
  const format = (value: string): string =>
    figure === 'quantity' ? signedExact(value) : signedAmount(value, baseCurrency);
  const isGain = GAINS.includes(figure);
  const next = answer?.nextCursor ?? null;
  return (
    <TableCard
      id="explain-entries"
      title={text('explain.entries')}
      words={4}
      headings={partHeadings(true, portfolio.access !== 'read')}
      note={staleText(query.error.value)}
      isBusy={query.isBusy.value}
      beside={
        answer !== null && (
          <>
            <span class="aside" role="status">
              {items.length === 0 && text('explain.none')}
            </span>
            <b class="figures" id="explain-total">
              {text('explain.total')}{' '}
              <Figure
                value={answer.total}
                format={format}
                tinted={isGain}
                why={reasonOf(answer.warnings, SUMS[figure])}
              />
            </b>
          </>
        )
      }
      below={
        (next !== null || cursors.value.length > 1) && (
          <nav class="pages" aria-labelledby="explain-entries-title">
            <button
              type="button"
              id="explain-newer"
              disabled={cursors.value.length === 1}
              onClick={() => (cursors.value = cursors.value.slice(0, -1))}
            >
              {text('previousPage')}
            </button>
            <button
              type="button"
              id="explain-older"
              disabled={next === null}
              onClick={() => next !== null && (cursors.value = [...cursors.value, next])}
            >
              {text('nextPage')}
            </button>
          </nav>
        )
      }
    >
      <PartRows dashboard={dashboard} portfolio={portfolio} parts={items} format={format} tinted={isGain} />
    </TableCard>
  );
}
