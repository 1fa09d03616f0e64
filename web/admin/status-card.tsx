import { MarktideError } from 'marktide/client';
import { count } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { TableCard } from '../table/table-card.tsx';
import { FigureCell, RowName, WordsCell } from '../table/cell.tsx';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type AdminProps, EVERY_MS } from './admin-props.ts';

const PARTS = ['database', 'broker', 'projection', 'streams', 'node'] as const;

/** The health of the server, part by part. */
export function StatusCard({ api, changes }: AdminProps) {
  const query = useQuery({
    load: async (signal) => {
      const [health, ready] = await Promise.all([
        api.health({}, { signal }),
        // A server that is not ready answers 503, without the parts.
        api.ready({}, { signal }).catch((error: unknown) => {
          if (error instanceof MarktideError && error.status === 503) return null;
          throw error;
        }),
      ]);
      return { health, ready };
    },
    of: [api],
    everyMs: EVERY_MS,
    changes,
  });
  const answer = query.answer.value;
  const uptime = answer === null ? '' : text('admin.uptime', { hours: count(hours(answer.health.uptime)) });
  const isDown = answer !== null && answer.ready === null;
  return (
    <TableCard
      id="admin-status"
      title={text('admin.status')}
      beside={<span class="aside figures">{uptime}</span>}
      headings={[text('admin.part'), text('admin.state'), text('admin.roundTrip')]}
      words={2}
      note={staleText(query.error.value) || (isDown ? text('admin.notReady') : '')}
      isBusy={query.isBusy.value}
    >
      {PARTS.map((part) => {
        const state = answer?.ready?.[part];
        if (state === undefined) return null;
        const trip = 'roundTripMs' in state ? state.roundTripMs : null;
        return (
          <tr role="row" key={part} data-part={part}>
            <RowName>{text(`admin.part.${part}`)}</RowName>
            <WordsCell label={text('admin.state')} class={state.ready ? undefined : 'bad'}>
              {state.ready ? text('admin.ready') : text('admin.failing')}
              {state.detail !== null && <small>{state.detail}</small>}
            </WordsCell>
            {trip === null ? (
              <td role="cell" />
            ) : (
              <FigureCell
                label={text('admin.roundTrip')}
                value={String(Math.round(trip * 10) / 10)}
                format={(ms) => `${count(Number(ms))} ms`}
              />
            )}
          </tr>
        );
      })}
    </TableCard>
  );
}

/** To one decimal. */
function hours(seconds: number): number {
  return Math.round(seconds / 360) / 10;
}
