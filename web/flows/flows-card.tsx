import { useSignal } from '@preact/signals';
import type { Portfolio } from '../api.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { FLOW_KINDS, isFlow } from './flow-kinds.ts';
import { FlowRow } from './flow-row.tsx';

const STEP = 20;
/** As many as one answer of the server has. */
const MOST = 1_000;

/** Deposits, withdrawals and rewards of a portfolio, newest first. */
export function FlowsCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId } = portfolio;
  const { client, changes, isSettled, dialog, connection } = dashboard;
  const limit = useSignal(STEP);
  const query = useQuery({
    load: (signal) =>
      client.api.listEntries(
        { path: { portfolioId }, query: { kind: FLOW_KINDS.join(','), limit: limit.peek() } },
        { signal },
      ),
    of: [portfolioId, isSettled.value, limit.value],
    isOn: isSettled.value,
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const remove = (entryId: string): void =>
    run(async () => {
      await client.api.removeEntry({ path: { portfolioId, entryId } });
      changes.value += 1;
    });
  const answer = query.answer.value;
  const flows = (answer?.items ?? []).filter(isFlow);
  const mayWrite = portfolio.access !== 'read';
  return (
    <section class="card" id="flows" aria-labelledby="flows-title">
      <div class="heading">
        <h2 id="flows-title">{text('flows')}</h2>
        <span class="aside" role="status">
          {answer !== null && flows.length === 0 && text('flowsNone')}
        </span>
        {mayWrite && (
          <span class="actions">
            <button type="button" id="flow-add" onClick={() => (dialog.value = { type: 'flow' })}>
              {text('addFlow')}
            </button>
          </span>
        )}
      </div>
      <Message id="flows-note" class="note">
        {message || staleText(query.error.value)}
      </Message>
      {flows.length > 0 && (
        <div class="scroll" role="region" aria-labelledby="flows-title" tabIndex={0}>
          <table class="figures" id="flows-table">
            <thead>
              <tr>
                <th scope="col">{text('time')}</th>
                <th scope="col" class="words">
                  {text('flowKind')}
                </th>
                <th scope="col" class="words">
                  {text('asset')}
                </th>
                <th scope="col">{text('quantity')}</th>
                <th scope="col" class="words">
                  {text('tradeNote')}
                </th>
                {mayWrite && (
                  <th scope="col">
                    <span class="hidden">{text('actions')}</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody id="flow-rows">
              {flows.map((flow) => (
                <FlowRow
                  key={flow.id}
                  flow={flow}
                  face={connection.face.value}
                  isBusy={isBusy}
                  onRemove={mayWrite ? () => remove(flow.id) : undefined}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(answer?.nextCursor ?? null) !== null && limit.value < MOST && (
        <nav class="pages" aria-labelledby="flows-title">
          <button
            type="button"
            id="flows-more"
            onClick={() => (limit.value = Math.min(MOST, limit.value * 3))}
          >
            {text('showMore')}
          </button>
        </nav>
      )}
    </section>
  );
}
