import type { components } from 'marktide/client';
import { percent } from '../figures/number.ts';
import { count } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { FigureCell, RowName, WordsCell } from '../table/cell.tsx';
import { TableCard } from '../table/table-card.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type AdminProps, EVERY_MS } from './admin-props.ts';

type Backfill = components['schemas']['Backfill'];
const MOST = 200;

/** The stored part of the span, as a ratio. */
function shareOf({ from, to, reached }: Backfill): string {
  const span = Date.parse(to) - Date.parse(from);
  if (span <= 0) return '1';
  return ((Date.parse(reached) - Date.parse(from)) / span).toFixed(4);
}

/** The jobs that fetch the past candles which ledgers need. */
export function JobsCard({ api, face, changes }: AdminProps) {
  const query = useQuery({
    load: (signal) => api.listBackfills({ query: { limit: MOST } }, { signal }),
    of: [api],
    everyMs: EVERY_MS,
    changes,
  });
  const answer = query.answer.value;
  return (
    <TableCard
      id="admin-jobs"
      title={text('admin.jobs')}
      beside={<span class="aside">{answer?.items.length === 0 ? text('admin.jobsNone') : ''}</span>}
      headings={[
        text('symbol'),
        text('exchange'),
        text('admin.state'),
        text('admin.span'),
        text('admin.progress'),
        text('admin.candles'),
      ]}
      words={4}
      note={staleText(query.error.value)}
      isBusy={query.isBusy.value}
    >
      {answer?.items.map((job) => (
        <tr role="row" key={job.id} data-job={job.id}>
          <RowName>{job.symbol}</RowName>
          <WordsCell label={text('exchange')}>{job.exchange}</WordsCell>
          <WordsCell label={text('admin.state')} class={job.state === 'unavailable' ? 'bad' : undefined}>
            {text(`job.${job.state}`)}
            {job.detail !== null && <small>{job.detail}</small>}
          </WordsCell>
          <WordsCell label={text('admin.span')}>
            {`${face.day(job.from)} – ${face.day(job.to)} (${job.interval})`}
          </WordsCell>
          <FigureCell label={text('admin.progress')} value={shareOf(job)} format={percent} />
          <FigureCell
            label={text('admin.candles')}
            value={job.candles === null ? null : String(job.candles)}
            format={(value) => count(Number(value))}
          />
        </tr>
      ))}
    </TableCard>
  );
}
