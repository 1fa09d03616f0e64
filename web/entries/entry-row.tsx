import { useState } from 'preact/hooks';
import type { ClockFace } from '../figures/clock-face.ts';
import { exact } from '../figures/number.ts';
import { FigureCell, RowName, WordsCell } from '../table/cell.tsx';
import { text } from '../text/text.ts';
import type { Entry } from './entry-kinds.ts';
import { entryWords } from './entry-words.ts';

export interface EntryActions {
  onEdit: () => void;
  onRemove: () => void;
  /** Separates it from the other half of an own transfer. */
  onPart: () => void;
}

interface Props {
  entry: Entry;
  face: ClockFace;
  isBusy: boolean;
  /** Omitted if nothing may be changed. */
  actions?: EntryActions | undefined;
}

function Actions({
  entry,
  isBusy,
  actions,
  name,
}: Props & { actions: EntryActions; name: { kind: string; time: string } }) {
  const [isAsking, setAsking] = useState(false);
  if (isAsking) {
    return (
      <td role="cell" class="row-actions">
        <span role="alert">{text('removeEntrySure')}</span>{' '}
        <button type="button" name="remove-sure" disabled={isBusy} onClick={actions.onRemove}>
          {text('remove')}
        </button>{' '}
        <button type="button" name="keep" onClick={() => setAsking(false)}>
          {text('keep')}
        </button>
      </td>
    );
  }
  return (
    <td role="cell" class="row-actions">
      {isJoined(entry) && (
        <button
          type="button"
          name="part"
          aria-label={text('partEntry', name)}
          disabled={isBusy}
          onClick={actions.onPart}
        >
          {text('part')}
        </button>
      )}{' '}
      <button type="button" name="edit" aria-label={text('editEntry', name)} onClick={actions.onEdit}>
        {text('edit')}
      </button>{' '}
      <button
        type="button"
        name="remove"
        aria-label={text('removeEntry', name)}
        onClick={() => setAsking(true)}
      >
        {text('remove')}
      </button>
    </td>
  );
}

function isJoined(entry: Entry): boolean {
  return 'joinedWith' in entry && entry.joinedWith !== null;
}

export function EntryRow(props: Props) {
  const { entry, face, actions } = props;
  const { kind, asset, quantity, details } = entryWords(entry);
  const time = face.dateTime(entry.time);
  const isOwn = isJoined(entry);
  return (
    <tr role="row" data-entry={entry.id} data-kind={entry.kind}>
      <RowName>{time}</RowName>
      <WordsCell label={text('entryKind')}>
        {kind}
        {isOwn && <span class="tag">{text('ownTransfer')}</span>}
      </WordsCell>
      <WordsCell label={text('asset')}>{asset}</WordsCell>
      {quantity === null ? (
        <td role="cell" data-label={text('quantity')}>
          {text('allOfIt')}
        </td>
      ) : (
        <FigureCell label={text('quantity')} value={quantity} format={exact} />
      )}
      <td role="cell" class="words details-cell" data-label={text('details')} title={details}>
        {details}
      </td>
      <td role="cell" class="words note-cell" data-label={text('tradeNote')} title={entry.note ?? ''}>
        {entry.note}
      </td>
      {actions !== undefined && <Actions {...props} actions={actions} name={{ kind, time }} />}
    </tr>
  );
}
