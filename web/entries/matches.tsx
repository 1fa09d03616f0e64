import type { components } from 'marktide/client';
import type { Portfolio } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { count, exact } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';

type Match = components['schemas']['TransferMatch'];
type Side = Match['withdrawal'];

const SHOWN = 20;

function placeOf({ portfolioId, account, exchange }: Side, portfolios: readonly Portfolio[]): string {
  const other = portfolios.find(({ id }) => id === portfolioId)?.name ?? '';
  return [other, account ?? exchange ?? ''].filter((part) => part !== '').join(' · ');
}

interface RowProps {
  match: Match;
  face: ClockFace;
  portfolios: readonly Portfolio[];
  isBusy: boolean;
  onAccept?: (() => void) | undefined;
  onReject?: (() => void) | undefined;
}

function Row({ match, face, portfolios, isBusy, onAccept, onReject }: RowProps) {
  const { asset, withdrawal, deposit, fee, reason, candidates, sure } = match;
  const side = (each: Side) => ({
    quantity: exact(each.quantity),
    asset,
    time: face.dateTime(each.time),
    place: placeOf(each, portfolios) || text('placeUnknown'),
  });
  const others = Math.max(candidates.deposits, candidates.withdrawals) - 1;
  return (
    <li data-match={match.id}>
      <p class="figures">
        {text('matchOut', side(withdrawal))}
        <br />
        {text('matchIn', side(deposit))}
      </p>
      <p class="aside">
        {text(`match.${reason}`)}
        {!/^0(\.0+)?$/.test(fee) && ` ${text('matchFee', { amount: exact(fee), asset })}`}
        {!sure && others > 0 && ` ${text('matchOthers', { count: String(others) })}`}
      </p>
      {onAccept !== undefined && (
        <p class="choices">
          <button type="button" name="accept" disabled={isBusy} onClick={onAccept}>
            {text('matchAccept')}
          </button>
          <button type="button" name="reject" disabled={isBusy} onClick={onReject}>
            {text('matchReject')}
          </button>
        </p>
      )}
    </li>
  );
}

/**
 * Withdrawals and the deposits they may have arrived as; accepting a match joins the two as one own transfer.
 */
export function Matches({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId } = portfolio;
  const { client, changes, isSettled, connection, undoable } = dashboard;
  const query = useQuery({
    load: (signal) =>
      client.api.listTransferMatches({ path: { portfolioId }, query: { limit: SHOWN } }, { signal }),
    of: [portfolioId, isSettled.value],
    isOn: isSettled.value,
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const then = (task: () => Promise<unknown>): void =>
    run(async () => {
      try {
        await task();
      } finally {
        // Also after a refusal: another tab may have settled it.
        changes.value += 1;
      }
    });
  /** Joins, and offers to separate them again: an id of a match begins with that of its withdrawal. */
  const join = (task: () => Promise<readonly string[]>): void =>
    then(async () => {
      const pairs = (query.answer.peek()?.items ?? []).map(({ id, withdrawal }) => [id, withdrawal] as const);
      const known = new Map(pairs);
      const joined = await task();
      undoable.value = {
        what: text('undo.joined', { count: count(joined.length) }),
        undo: async () => {
          for (const matchId of joined) {
            const side = known.get(matchId);
            const entryId = side?.id ?? matchId.split('.')[0] ?? '';
            const path = { portfolioId: side?.portfolioId ?? portfolioId, entryId };
            await client.api.partEntry({ path });
          }
        },
      };
    });
  const items = query.answer.value?.items ?? [];
  if (items.length === 0) return <Message id="matches-message">{message}</Message>;
  const mayWrite = portfolio.access !== 'read';
  const sure = items.filter((each) => each.sure).length;
  return (
    <div id="matches" role="region" aria-labelledby="matches-title">
      <div class="heading">
        <h3 id="matches-title">{text('matches')}</h3>
        {mayWrite && sure > 0 && (
          <span class="actions">
            <button
              type="button"
              id="matches-sure"
              disabled={isBusy}
              onClick={() =>
                join(
                  async () =>
                    (await client.api.acceptSureTransferMatches({ path: { portfolioId } })).accepted,
                )
              }
            >
              {text('matchSure')}
            </button>
          </span>
        )}
      </div>
      <p class="aside">{text('matchesAbout')}</p>
      <Message id="matches-message">{message}</Message>
      <ul class="decisions">
        {items.map((match) => {
          const path = { portfolioId, matchId: match.id };
          return (
            <Row
              key={match.id}
              match={match}
              face={connection.face.value}
              portfolios={dashboard.portfolios.all.value ?? []}
              isBusy={isBusy}
              onAccept={
                mayWrite
                  ? () =>
                      join(async () => {
                        await client.api.acceptTransferMatch({ path });
                        return [match.id];
                      })
                  : undefined
              }
              onReject={mayWrite ? () => then(() => client.api.rejectTransferMatch({ path })) : undefined}
            />
          );
        })}
      </ul>
    </div>
  );
}
