import { count } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { useSubmit } from '../page/use-submit.ts';
import { FigureCell, RowName, WordsCell } from '../table/cell.tsx';
import { TableCard } from '../table/table-card.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type AdminProps, EVERY_MS } from './admin-props.ts';

const MOST = 1_000;
const CHANNELS = 3;

/** `ticker:*, pnl:… and 3 more`. */
function channelsText(channels: readonly string[]): string {
  const shown = channels.slice(0, CHANNELS).join(', ');
  const more = channels.length - CHANNELS;
  return more > 0 ? `${shown} ${text('moreWarnings', { count: count(more) })}` : shown;
}

/** The open streams of all nodes, and how far behind each reader is. */
export function StreamsCard({ api, face, changes }: AdminProps) {
  const query = useQuery({
    load: async (signal) => {
      const [streams, users] = await Promise.all([
        api.listStreamSessions({ query: { limit: MOST } }, { signal }),
        api.listUsers({ query: { limit: MOST } }, { signal }),
      ]);
      return { streams, names: new Map(users.items.map(({ id, email }) => [id, email])) };
    },
    of: [api],
    everyMs: EVERY_MS,
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const end = (id: string): void =>
    run(async () => {
      await api.endStreamSession({ path: { id } });
      query.poke();
    });
  const answer = query.answer.value;
  const silent = answer?.streams.silentNodes ?? 0;
  const number = (value: number): string => String(value);
  return (
    <TableCard
      id="admin-streams"
      title={text('admin.streams')}
      beside={<span class="aside figures">{answer === null ? '' : count(answer.streams.items.length)}</span>}
      headings={[
        text('admin.opened'),
        text('admin.user'),
        text('admin.transport'),
        text('admin.channels'),
        text('admin.sent'),
        text('admin.queued'),
        text('admin.lag'),
        text('actions'),
      ]}
      words={4}
      note={
        message ||
        staleText(query.error.value) ||
        (silent > 0 ? text('admin.silentNodes', { count: count(silent) }) : '')
      }
      isBusy={query.isBusy.value}
    >
      {answer?.streams.items.map((stream) => (
        <tr role="row" key={stream.id} data-stream={stream.id}>
          <RowName>{face.time(stream.openedAt)}</RowName>
          <WordsCell label={text('admin.user')}>
            {stream.userId === null
              ? text('admin.nobody')
              : (answer.names.get(stream.userId) ?? stream.userId)}
          </WordsCell>
          <WordsCell label={text('admin.transport')}>{stream.transport}</WordsCell>
          <WordsCell label={text('admin.channels')} class="note-cell">
            <span title={stream.channels.join(', ')}>{channelsText(stream.channels)}</span>
          </WordsCell>
          <FigureCell
            label={text('admin.sent')}
            value={number(stream.sentEvents)}
            format={(value) => count(Number(value))}
          />
          <FigureCell
            label={text('admin.queued')}
            value={number(stream.queuedBytes)}
            format={(value) => `${count(Number(value))} B`}
          />
          <FigureCell
            label={text('admin.lag')}
            value={number(stream.lag)}
            format={(value) => count(Number(value))}
          />
          <td role="cell" class="row-actions">
            <button type="button" name="end" disabled={isBusy} onClick={() => end(stream.id)}>
              {text('admin.endStream')}
            </button>
          </td>
        </tr>
      ))}
    </TableCard>
  );
}
