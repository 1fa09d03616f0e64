import { useSubmit } from '../page/use-submit.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

/** The last action, with a button to undo it. */
export function UndoBar({ dashboard }: { dashboard: Dashboard }) {
  const { undoable, changes } = dashboard;
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const done = undoable.value;
  if (done === null) return <div role="status" class="hidden" />;
  const undo = (): void =>
    run(async () => {
      await done.undo();
      undoable.value = null;
      changes.value += 1;
    });
  return (
    <div role="status" class="undo" id="undo-bar">
      <span>{message || done.what}</span>
      <button type="button" name="undo" disabled={isBusy} onClick={undo}>
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
