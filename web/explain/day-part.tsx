import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { amount, signedAmount } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { TableCard } from '../table/table-card.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { dayAfter } from '../figures/calendar-day.ts';
import { explainHref, type FigureName } from './figures.ts';
import { partHeadings, PartRows } from './part-rows.tsx';
import { TermsCard } from './terms-card.tsx';

const STEP = 25;
/** The server's maximum per response. */
const MOST = 1_000;
const EVERY_MS = 60_000;

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  date: string;
}

/** The PnL of a day, and everything that was booked on it. */
export function DayPart({ dashboard, portfolio, date }: Props) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const { client, changes, isSettled } = dashboard;
  const limit = useSignal(STEP);
  useEffect(() => {
    limit.value = STEP;
  }, [date]);
  const query = useQuery({
    load: async (signal) => {
      const span = { from: date, to: dayAfter(date) };
      const asked = { path: { portfolioId }, query: { interval: 'day' as const, ...span } };
      const { items, warnings } = await client.api.listPnlPeriods(asked, { signal });
      const [period = null] = items;
      if (period === null) return { period, warnings, entries: [], isMore: false };
      const { start: from, end: to } = period;
      const listed = await client.api.listEntries(
        { path: { portfolioId }, query: { from, to, limit: limit.peek() } },
        { signal },
      );
      return { period, warnings, entries: listed.items, isMore: listed.nextCursor !== null };
    },
    of: [portfolioId, date, limit.value, isSettled.value],
    isOn: isSettled.value,
    everyMs: EVERY_MS,
    changes,
  });
  const { period = null, warnings = [], entries = [], isMore = false } = query.answer.value ?? {};
  const money = (value: string): string => amount(value, baseCurrency);
  const format = (value: string): string => signedAmount(value, baseCurrency);
  const why = (name: string): string => reasonOf(warnings, name);
  const href = (figure: FigureName): string => explainHref(portfolioId, figure, { from: date, to: date });
  return (
    <>
      {period !== null && (
        <TermsCard
          terms={[
            {
              label: text('explain.start'),
              value: period.startEquity,
              format: money,
              tinted: false,
              why: why('startEquity'),
            },
            {
              label: text('contributions'),
              value: period.netFlows,
              format,
              tinted: false,
              why: why('netFlows'),
              href: href('contributions'),
            },
            {
              label: text('explain.end'),
              value: period.endEquity,
              format: money,
              tinted: false,
              why: why('endEquity'),
            },
            {
              label: text('realized'),
              value: period.realizedPnl.net,
              format,
              why: why('realizedPnl.net'),
              href: href('realized'),
            },
            {
              label: text('explain.unrealizedChange'),
              value: period.unrealizedChange,
              format,
              why: why('unrealizedChange'),
            },
            {
              label: text('income'),
              value: period.income,
              format,
              why: why('income'),
              href: href('income'),
            },
            {
              label: text('transferred'),
              value: period.transferredPnl,
              format,
              why: why('transferredPnl'),
              href: href('transferred'),
            },
            { label: text('spanPnl'), value: period.pnl, format, why: why('pnl'), isTotal: true },
          ]}
        />
      )}
      <TableCard
        id="explain-entries"
        title={text('explain.entries')}
        words={4}
        headings={partHeadings(false, portfolio.access !== 'read')}
        note={staleText(query.error.value)}
        isBusy={query.isBusy.value}
        beside={
          <span class="aside" role="status">
            {query.answer.value !== null && entries.length === 0 && text('entriesNone')}
          </span>
        }
        below={
          isMore &&
          limit.value < MOST && (
            <nav class="pages" aria-labelledby="explain-entries-title">
              <button
                type="button"
                id="explain-more"
                onClick={() => (limit.value = Math.min(MOST, limit.value * 4))}
              >
                {text('showMore')}
              </button>
            </nav>
          )
        }
      >
        <PartRows
          dashboard={dashboard}
          portfolio={portfolio}
          parts={entries.map((entry) => ({ entry }))}
          format={format}
          tinted
        />
      </TableCard>
    </>
  );
}
