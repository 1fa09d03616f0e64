import type { ComponentChildren } from 'preact';
import { figureOf, type FigureProps } from '../figures/figure.tsx';

/** The first cell of a row, which names it. */
export function RowName({ children }: { children: ComponentChildren }) {
  return (
    <th role="rowheader" scope="row">
      {children}
    </th>
  );
}

interface WordsProps {
  /** The heading of the column. */
  label: string;
  class?: string | undefined;
  children: ComponentChildren;
}

export function WordsCell({ label, class: name = '', children }: WordsProps) {
  return (
    <td role="cell" class={`words ${name}`.trim()} data-label={label}>
      {children}
    </td>
  );
}

/** A cell with a figure. */
export function FigureCell({ label, ...figure }: FigureProps & { label: string }) {
  return <td role="cell" data-label={label} {...figureOf(figure)} />;
}
