import { useSignal } from '@preact/signals';
import type { Portfolio } from '../api.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type Entry, ENTRY_KINDS, isListed } from './entry-kinds.ts';
import { joinAgain, pairOf, removeForNow } from './undoing.ts';
import { type EntryActions, EntryRow } from './entry-row.tsx';
import { Matches } from './matches.tsx';

const STEP = 20;
/** The server's maximum per response. */
const MOST = 1_000;

/** The entries of a portfolio other than trades, newest first. */
export function EntriesCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId } = portfolio;
  const { client, changes, isSettled, dialog, connection, undoable } = dashboard;
  const limit = useSignal(STEP);
  const query = useQuery({
    load: (signal) =>
      client.api.listEntries(
        { path: { portfolioId }, query: { kind: ENTRY_KINDS.join(','), limit: limit.peek() } },
        { signal },
      ),
    of: [portfolioId, isSettled.value, limit.value],
    isOn: isSettled.value,
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const then = (task: () => Promise<unknown>): void =>
    run(async () => {
      await task();
      changes.value += 1;
    });
  const actionsOf = (entry: Entry): EntryActions => {
    const path = { portfolioId, entryId: entry.id };
    return {
      onEdit: () => (dialog.value = { type: 'entry', entry }),
      onRemove: () =>
        then(async () => {
          const undo = await removeForNow(client.api, portfolioId, entry.id);
          undoable.value = { what: text('undo.entryRemoved', { kind: text(`entry.${entry.kind}`) }), undo };
        }),
      onPart: () =>
        then(async () => {
          const pair = pairOf(portfolioId, await client.api.getEntry({ path }));
          await client.api.partEntry({ path });
          if (pair === null) return;
          undoable.value = { what: text('undo.parted'), undo: () => joinAgain(client.api, pair) };
        }),
    };
  };
  const answer = query.answer.value;
  const entries = (answer?.items ?? []).filter(isListed);
  const mayWrite = portfolio.access !== 'read';
  return (
    <section class="card" id="entries" aria-labelledby="entries-title">
      <div class="heading">
        <h2 id="entries-title">{text('entries')}</h2>
        <span class="aside" role="status">
          {answer !== null && entries.length === 0 && text('entriesNone')}
        </span>
        {mayWrite && (
          <span class="actions">
            <button
              type="button"
              id="entry-add"
              onClick={() => (dialog.value = { type: 'entry', entry: null })}
            >
              {text('addEntry')}
            </button>
          </span>
        )}
      </div>
      <Message id="entries-note" class="note">
        {message || staleText(query.error.value)}
      </Message>
      <Matches dashboard={dashboard} portfolio={portfolio} />
      {entries.length > 0 && (
        <div class="scroll" role="region" aria-labelledby="entries-title" tabIndex={0}>
          <table role="table" class="figures cards" id="entries-table">
            <thead role="rowgroup">
              <tr role="row">
                <th role="columnheader" scope="col">
                  {text('time')}
                </th>
                <th role="columnheader" scope="col" class="words">
                  {text('entryKind')}
                </th>
                <th role="columnheader" scope="col" class="words">
                  {text('asset')}
                </th>
                <th role="columnheader" scope="col">
                  {text('quantity')}
                </th>
                <th role="columnheader" scope="col" class="words">
                  {text('details')}
                </th>
                <th role="columnheader" scope="col" class="words">
                  {text('tradeNote')}
                </th>
                {mayWrite && (
                  <th role="columnheader" scope="col">
                    <span class="hidden">{text('actions')}</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody role="rowgroup" id="entry-rows">
              {entries.map((entry) => (
                <EntryRow
                  key={entry.id}
                  entry={entry}
                  face={connection.face.value}
                  isBusy={isBusy}
                  actions={mayWrite ? actionsOf(entry) : undefined}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(answer?.nextCursor ?? null) !== null && limit.value < MOST && (
        <nav class="pages" aria-labelledby="entries-title">
          <button
            type="button"
            id="entries-more"
            onClick={() => (limit.value = Math.min(MOST, limit.value * 3))}
          >
            {text('showMore')}
          </button>
        </nav>
      )}
    </section>
  );
}
