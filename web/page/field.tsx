import type { ComponentChildren } from 'preact';
import { text } from '../text/text.ts';

interface Props {
  /** Id of the input. */
  id: string;
  label: string;
  /** What to enter, or why; referenced by the input's `aria-describedby`. */
  hint?: string | undefined;
  isOptional?: boolean;
  children: ComponentChildren;
}

export const hintOf = (id: string): string => `${id}-hint`;

/** An input with its label above and a hint below. */
export function Field({ id, label, hint, isOptional = false, children }: Props) {
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isOptional && <span class="aside"> ({text('optional')})</span>}
      </label>
      {children}
      {hint !== undefined && (
        <span class="aside" id={hintOf(id)}>
          {hint}
        </span>
      )}
    </div>
  );
}
