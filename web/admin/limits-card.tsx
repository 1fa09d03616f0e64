import { count } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { FigureCell, RowName, WordsCell } from '../table/cell.tsx';
import { TableCard } from '../table/table-card.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type AdminProps, EVERY_MS } from './admin-props.ts';

const CONSUMERS = 3;

/** The rate limits, and the clients closest to them. */
export function LimitsCard({ api, face, changes }: AdminProps) {
  const query = useQuery({
    load: (signal) => api.listRateLimits({}, { signal }),
    of: [api],
    everyMs: EVERY_MS,
    changes,
  });
  const report = query.answer.value;
  return (
    <TableCard
      id="admin-limits"
      title={text('admin.limits')}
      beside={
        <span class="aside">
          {report === null
            ? ''
            : `${text(`admin.scope.${report.scope}`)}, ${text('asOf', { time: face.time(report.time) })}`}
        </span>
      }
      headings={[
        text('admin.policy'),
        text('admin.quota'),
        text('admin.allowed'),
        text('admin.limited'),
        text('admin.consumers'),
      ]}
      note={staleText(query.error.value)}
      isBusy={query.isBusy.value}
    >
      {report?.policies.map((policy) => (
        <tr role="row" key={policy.name} data-policy={policy.name}>
          <RowName>{policy.name}</RowName>
          <td role="cell" data-label={text('admin.quota')}>
            {text('admin.perWindow', { quota: count(policy.quota), seconds: count(policy.windowSeconds) })}
          </td>
          <FigureCell
            label={text('admin.allowed')}
            value={String(policy.allowed)}
            format={(value) => count(Number(value))}
          />
          <FigureCell
            label={text('admin.limited')}
            value={String(policy.limited)}
            format={(value) => count(Number(value))}
          />
          <WordsCell label={text('admin.consumers')} class="note-cell">
            {policy.topConsumers
              .slice(0, CONSUMERS)
              .map(({ client, requests }) => `${client}: ${count(requests)}`)
              .join(' · ')}
          </WordsCell>
        </tr>
      ))}
    </TableCard>
  );
}
