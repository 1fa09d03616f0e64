import type { ImportProgress } from '../api.ts';
import { count } from '../figures/number.ts';
import { text } from '../text/text.ts';

/** Reading and booking take about equally long. `undefined` if unknown. */
function shareOf({ phase, bytes, booked, toBook }: ImportProgress): number | undefined {
  switch (phase) {
    case 'reading':
      return bytes.total === null || bytes.total === 0 ? undefined : (bytes.read / bytes.total) * 0.5;
    case 'booking':
      return toBook === 0 ? 0.5 : 0.5 + (booked / toBook) * 0.5;
    case 'done':
      return 1;
    case 'failed':
      return 0;
    default:
      return 0.5;
  }
}

/** The progress of an import; `null` while the file is being sent. */
export function ImportProgressBar({ progress }: { progress: ImportProgress | null }) {
  const label =
    progress === null
      ? text('phase.sending')
      : text(`phase.${progress.phase}`, {
          rows: count(progress.rows),
          booked: count(progress.booked),
          toBook: count(progress.toBook),
        });
  return (
    <div id="import-progress" data-phase={progress?.phase}>
      <label for="import-bar" id="import-phase">
        {label}
      </label>
      <progress id="import-bar" max={1} value={progress === null ? undefined : shareOf(progress)} />
    </div>
  );
}
