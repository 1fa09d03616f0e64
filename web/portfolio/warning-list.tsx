import type { Warning } from '../api.ts';
import { count } from '../figures/number.ts';
import { text } from '../text/text.ts';
import { describe } from './warnings.ts';

const SHOWN = 20;

export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null;
  const lines = warnings.slice(0, SHOWN).map(describe);
  const more = warnings.length - lines.length;
  if (more > 0) lines.push(text('moreWarnings', { count: count(more) }));
  return (
    <details id="warnings" class="warnings">
      <summary id="warnings-title">{text('warnings', { count: count(warnings.length) })}</summary>
      <ul id="warning-list">
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
    </details>
  );
}
