import { useSignal } from '@preact/signals';
import type { components } from 'marktide/client';
import { useQuery } from '../live/use-query.ts';
import { RowName, WordsCell } from '../table/cell.tsx';
import { TableCard } from '../table/table-card.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import type { AdminProps } from './admin-props.ts';

type Event = components['schemas']['AuditEvent'];
const TYPES = [
  'login',
  'login-failed',
  'refresh-reused',
  'logout',
  'logout-everywhere',
  'password-changed',
  'user-created',
  'user-deleted',
  'role-changed',
  'user-disabled',
  'user-enabled',
  'api-key-created',
  'api-key-revoked',
  'share-granted',
  'share-accepted',
  'share-revoked',
  'account-connected',
  'account-key-changed',
  'account-disconnected',
  'access-denied',
  'rate-limited',
] as const satisfies readonly Event['type'][];

const STEP = 50;
const MOST = 1_000;

function detailsOf({ details }: Event): string {
  return Object.entries(details)
    .flatMap(([name, value]) => (value === null ? [] : `${name}: ${[value].flat().join(', ')}`))
    .join(' · ');
}

/** Security events, newest first. */
export function AuditCard({ api, face, changes }: AdminProps) {
  const type = useSignal<Event['type'] | ''>('');
  const limit = useSignal(STEP);
  const query = useQuery({
    load: async (signal) => {
      const wanted = type.peek();
      const asked = { limit: limit.peek(), ...(wanted === '' ? {} : { type: wanted }) };
      const [events, users] = await Promise.all([
        api.listAudit({ query: asked }, { signal }),
        api.listUsers({ query: { limit: MOST } }, { signal }),
      ]);
      return { events, names: new Map(users.items.map(({ id, email }) => [id, email])) };
    },
    of: [api, type.value, limit.value],
    changes,
  });
  const answer = query.answer.value;
  const nameOf = (id: string | null): string => (id === null ? '' : (answer?.names.get(id) ?? id));
  return (
    <TableCard
      id="admin-audit"
      title={text('admin.audit')}
      beside={
        <select
          aria-label={text('admin.event')}
          value={type.value}
          onChange={({ currentTarget: { value } }) => {
            type.value = TYPES.find((each) => each === value) ?? '';
          }}
        >
          <option value="">{text('side.all')}</option>
          {TYPES.map((each) => (
            <option key={each} value={each}>
              {text(`audit.${each}`)}
            </option>
          ))}
        </select>
      }
      headings={[
        text('time'),
        text('admin.event'),
        text('admin.actor'),
        text('admin.concerned'),
        text('admin.address'),
        text('admin.details'),
      ]}
      words={6}
      note={staleText(query.error.value)}
      isBusy={query.isBusy.value}
      below={
        answer !== null &&
        answer.events.nextCursor !== null &&
        limit.value < MOST && (
          <p class="pages">
            <button
              type="button"
              name="more"
              onClick={() => (limit.value = Math.min(MOST, limit.value + STEP * 2))}
            >
              {text('showMore')}
            </button>
          </p>
        )
      }
    >
      {answer?.events.items.map((event) => (
        <tr role="row" key={event.id} data-type={event.type}>
          <RowName>{face.dateTime(event.time)}</RowName>
          <WordsCell label={text('admin.event')}>{text(`audit.${event.type}`)}</WordsCell>
          <WordsCell label={text('admin.actor')}>{nameOf(event.actorId)}</WordsCell>
          <WordsCell label={text('admin.concerned')}>{nameOf(event.userId)}</WordsCell>
          <WordsCell label={text('admin.address')}>{event.ip}</WordsCell>
          <WordsCell label={text('admin.details')} class="note-cell">
            {detailsOf(event)}
          </WordsCell>
        </tr>
      ))}
    </TableCard>
  );
}
