import { useState } from 'preact/hooks';
import { useQuery } from '../live/use-query.ts';
import { useSubmit } from '../page/use-submit.ts';
import { TableCard } from '../table/table-card.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import type { AdminProps } from './admin-props.ts';
import { UserRow } from './user-row.tsx';

const MOST = 1_000;

/** All users with their roles, and whether they may sign in. */
export function UsersCard({ api, face, changes, self }: AdminProps & { self: string }) {
  const [round, setRound] = useState(0);
  const query = useQuery({
    load: (signal) => api.listUsers({ query: { limit: MOST } }, { signal }),
    of: [api, round],
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const change = (task: () => Promise<unknown>): void =>
    run(async () => {
      await task();
      setRound((before) => before + 1);
    });
  const answer = query.answer.value;
  return (
    <TableCard
      id="admin-users"
      title={text('admin.users')}
      headings={[text('email'), text('userName'), text('admin.role'), text('admin.created'), text('actions')]}
      words={5}
      note={message || staleText(query.error.value)}
      below={
        answer !== null &&
        answer.nextCursor !== null && <p class="aside">{text('admin.first', { count: String(MOST) })}</p>
      }
    >
      {answer?.items.map((account) => (
        <UserRow
          key={account.id}
          account={account}
          face={face}
          isBusy={isBusy}
          isSelf={account.id === self}
          onChange={(body) => change(() => api.updateUser({ path: { userId: account.id }, body }))}
          onDelete={() => change(() => api.deleteUser({ path: { userId: account.id } }))}
        />
      ))}
    </TableCard>
  );
}
