import { count } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { FigureCell, RowName, WordsCell } from '../table/cell.tsx';
import { TableCard } from '../table/table-card.tsx';
import { text } from '../text/text.ts';
import { type AdminProps, EVERY_MS } from './admin-props.ts';

/** The price feeds, and whether they are delivering. */
export function FeedsCard({ api, face, changes }: AdminProps) {
  const query = useQuery({
    load: (signal) => api.health({}, { signal }),
    of: [api],
    everyMs: EVERY_MS,
    changes,
  });
  return (
    <TableCard
      id="admin-feeds"
      title={text('admin.feeds')}
      headings={[text('admin.feed'), text('admin.state'), text('admin.lastTick'), text('admin.ticks')]}
      words={3}
    >
      {query.answer.value?.feeds.map(({ feed, state, since, detail, lastTickAt, ticks, isHere }) => (
        <tr role="row" key={feed} data-feed={feed}>
          <RowName>{feed}</RowName>
          <WordsCell
            label={text('admin.state')}
            class={state === 'silent' || state === 'retrying' ? 'bad' : undefined}
          >
            {text('admin.since', { what: text(`feed.${state}`), time: face.time(since) })}
            {detail !== null && <small>{detail}</small>}
            {!isHere && <small>{text('admin.elsewhere')}</small>}
          </WordsCell>
          <WordsCell label={text('admin.lastTick')}>
            {lastTickAt === null ? '' : face.time(lastTickAt)}
          </WordsCell>
          <FigureCell
            label={text('admin.ticks')}
            value={String(ticks)}
            format={(value) => count(Number(value))}
          />
        </tr>
      ))}
    </TableCard>
  );
}
