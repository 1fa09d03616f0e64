import { useSignalEffect } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { count } from '../figures/number.ts';
import { params } from '../page/route.ts';
import { Heading } from '../table/heading.tsx';
import { Sorting } from '../table/sorting.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';
import { lazy } from '../page/lazy.tsx';
import { columnsInOrder, columnValue, HOLDING_COLUMNS, type HoldingColumn } from './holding-columns.ts';
import { HoldingFilterForm } from './holding-filter-form.tsx';
import { holdingFilterOf, shownOf } from './holding-filter.ts';
import { HoldingRow } from './holding-row.tsx';
import { HoldingRows } from './holding-rows.ts';

const HoldingColumnsDialog = lazy(async () => (await import('./forms.ts')).HoldingColumnsDialog);

type Column = 'asset' | HoldingColumn;

/** The holdings, in the order the reader has chosen. */
export function HoldingsCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { holdings, pnl, connection } = dashboard;
  const sorting = useMemo(() => new Sorting<Column>({ key: 'marketValue', isDescending: true }), []);
  const rows = useMemo(() => new HoldingRows(), []);
  useSignalEffect(() => rows.show(holdings.value));

  const columns = columnsInOrder();
  const [isChoosing, setChoosing] = useState(false);
  const body = holdings.value;
  const all = body?.items ?? [];
  const filter = holdingFilterOf(params.value);
  const ordered = sorting.sort(shownOf(all, filter), columnValue);
  const isEmpty = body !== null && all.length === 0;
  return (
    <section
      class="card area-holdings"
      id="holdings"
      aria-labelledby="holdings-title"
      data-position={body?.position}
    >
      <div class="heading">
        <h2 id="holdings-title">{text('holdings')}</h2>
        <span id="holdings-note" class="aside">
          {isEmpty && text('holdingsNone')}
          {all.length > 0 &&
            (ordered.length === all.length
              ? count(all.length)
              : text('holdingsShown', { shown: count(ordered.length), total: count(all.length) }))}
        </span>
        {all.length > 0 && (
          <HoldingFilterForm filter={filter}>
            <button type="button" id="columns-open" onClick={() => setChoosing(true)}>
              {text('columns')}
            </button>
          </HoldingFilterForm>
        )}
      </div>
      <div class="scroll" role="region" aria-labelledby="holdings-title" tabIndex={0}>
        <table role="table" class="figures cards" id="holdings-table">
          <thead role="rowgroup">
            <tr role="row">
              <Heading sorting={sorting} by="asset">
                {text('asset')}
              </Heading>
              {columns.map((column) => (
                <Heading key={column} sorting={sorting} by={column}>
                  {text(HOLDING_COLUMNS[column])}
                </Heading>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup" id="holding-rows">
            {ordered.map((holding) => (
              <HoldingRow
                key={holding.asset}
                row={rows.of(holding)}
                columns={columns}
                portfolioId={portfolio.id}
                currency={portfolio.baseCurrency}
                face={connection.face.value}
                pnl={pnl}
              />
            ))}
          </tbody>
        </table>
      </div>
      {isChoosing && <HoldingColumnsDialog onClose={() => setChoosing(false)} />}
    </section>
  );
}
