import { useState } from 'preact/hooks';
import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { exact } from '../figures/number.ts';
import { text } from '../text/text.ts';
import type { Flow } from './flow-kinds.ts';

interface Props {
  flow: Flow;
  face: ClockFace;
  isBusy: boolean;
  /** Left out where nothing may be changed. */
  onRemove?: (() => void) | undefined;
}

export function FlowRow({ flow, face, isBusy, onRemove }: Props) {
  const [isAsking, setAsking] = useState(false);
  const { kind, asset, note } = flow;
  const time = face.dateTime(flow.time);
  return (
    <tr data-entry={flow.id}>
      <th scope="row">{time}</th>
      <td class="words">{text(`flow.${kind}`)}</td>
      <td class="words">{asset}</td>
      <td {...figureOf({ value: flow.quantity, format: exact })} />
      <td class="words note-cell" title={note ?? ''}>
        {note}
      </td>
      {onRemove !== undefined && (
        <td class="row-actions">
          {isAsking ? (
            <>
              <span role="alert">{text('removeFlowSure')}</span>{' '}
              <button type="button" name="remove-sure" disabled={isBusy} onClick={onRemove}>
                {text('remove')}
              </button>{' '}
              <button type="button" name="keep" onClick={() => setAsking(false)}>
                {text('keep')}
              </button>
            </>
          ) : (
            <button
              type="button"
              name="remove"
              aria-label={text('removeFlow', { kind: text(`flow.${kind}`), time })}
              onClick={() => setAsking(true)}
            >
              {text('remove')}
            </button>
          )}
        </td>
      )}
    </tr>
  );
}
