import { useSignalEffect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { count } from '../figures/number.ts';
import { Message } from '../page/message.tsx';
import { params } from '../page/route.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { CsvLink } from './csv-link.tsx';
import { TradeFilterForm } from './trade-filter.tsx';
import { PAGE, TradePages } from './trade-pages.ts';
import { TradeTable } from './trade-table.tsx';

function countOf(pages: TradePages): string {
  const total = pages.query.answer.value?.total;
  if (total === undefined || total === null) return '';
  if (total > 0) return count(total);
  return pages.isFiltered ? text('tradesNoneFound') : text('tradesNone');
}

function PageTurner({ pages }: { pages: TradePages }) {
  const answer = pages.query.answer.value;
  const before = (pages.cursors.value.length - 1) * PAGE;
  const shown = answer?.items.length ?? 0;
  const place = { from: count(before + 1), to: count(before + shown), total: count(answer?.total ?? 0) };
  return (
    <nav class="pages" aria-labelledby="trades-title">
      <button
        type="button"
        id="trades-newer"
        disabled={pages.cursors.value.length === 1}
        onClick={() => pages.turn(-1)}
      >
        {text('previousPage')}
      </button>
      <span id="trades-page" class="aside figures">
        {shown > 0 && text('tradesCount', place)}
      </span>
      <button
        type="button"
        id="trades-older"
        disabled={(answer?.nextCursor ?? null) === null}
        onClick={() => pages.turn(1)}
      >
        {text('nextPage')}
      </button>
    </nav>
  );
}

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  /** Shows only the trades of this asset. */
  asset?: string;
}

/** The trades of a portfolio, with everything that can be done with them. */
export function TradesCard({ dashboard, portfolio, asset }: Props) {
  const { client, changes, isSettled, dialog, holdings, connection } = dashboard;
  const pages = useMemo(() => new TradePages(client.api, portfolio.id, asset), [client, portfolio.id, asset]);
  const isReady = isSettled.value;
  useEffect(() => {
    if (isReady) pages.start();
    return () => pages.stop();
  }, [pages, isReady]);
  useSignalEffect(() => pages.follow(params.value));
  useSignalEffect(() => {
    if (changes.value > 0) pages.poke();
  });
  const mayWrite = portfolio.access !== 'read';
  return (
    <section
      class="card"
      id="trades"
      aria-labelledby="trades-title"
      aria-busy={pages.query.isBusy.value ? 'true' : undefined}
    >
      <div class="heading">
        <h2 id="trades-title">{text('trades')}</h2>
        <span id="trades-count" class="aside" role="status">
          {countOf(pages)}
        </span>
        <span class="actions">
          <CsvLink url={pages.csvUrl} api={client.api} />
          {mayWrite && (
            <>
              <button type="button" id="import-open" onClick={() => (dialog.value = { type: 'import' })}>
                {text('importFileOf')}
              </button>
              <button
                type="button"
                id="trade-add"
                class="primary"
                onClick={() => (dialog.value = { type: 'trade', trade: null })}
              >
                {text('addTrade')}
              </button>
            </>
          )}
        </span>
      </div>
      <TradeFilterForm pages={pages} assets={holdings.value?.items.map(({ asset }) => asset) ?? []} />
      <Message id="trades-note" class="note">
        {staleText(pages.query.error.value)}
      </Message>
      <TradeTable
        pages={pages}
        face={connection.face.value}
        onEdit={mayWrite ? (trade) => (dialog.value = { type: 'trade', trade }) : undefined}
      />
      <PageTurner pages={pages} />
    </section>
  );
}
