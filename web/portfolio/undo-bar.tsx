import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

/** The last action, with a button to undo it. */
export function UndoBar({ dashboard }: { dashboard: Dashboard }) {
  const { undoable, isUndoing } = dashboard;
  const done = undoable.value;
  if (done === null) return <div role="status" class="hidden" />;
  return (
    <div role="status" class="undo" id="undo-bar">
      <span>{done.what}</span>
      <button type="button" name="undo" disabled={isUndoing.value} onClick={() => void dashboard.undo()}>
        {text('undo')}
      </button>
      <button
        type="button"
        name="dismiss"
        class="icon"
        aria-label={text('close')}
        onClick={() => (undoable.value = null)}
      >
        <span aria-hidden="true">×</span>
      </button>
    </div>
  );
}
