import { text } from '../text/text.ts';
import { sign } from './number.ts';

const DIRECTION = { '-1': 'down', 0: undefined, 1: 'up' } as const;

export interface FigureProps {
  /** Decimal text; `null`: not known. */
  value: string | null | undefined;
  format: (value: string) => string;
  /** Green and red, or red and blue, by its sign. */
  tinted?: boolean;
  /** Why it is not known. */
  why?: string;
  class?: string | undefined;
}

interface Shown {
  children: string;
  title: string;
  class: string | undefined;
  'aria-label'?: string;
}

/**
 * A decimal text as it is shown, with every digit in the tooltip. What cannot be known is a dash that says so, never a 0.
 * For elements other than those below.
 */
export function figureOf({ value, format, tinted = false, why = '', class: name = '' }: FigureProps): Shown {
  if (value === null || value === undefined) {
    const reason = why === '' ? text('unknown') : why;
    return { children: '—', title: reason, 'aria-label': reason, class: name || undefined };
  }
  const direction = tinted ? DIRECTION[sign(value)] : undefined;
  return {
    children: format(value),
    title: value,
    class: [name, direction].filter(Boolean).join(' ') || undefined,
  };
}

/** As the first line of a cell. */
export function Figure(props: FigureProps) {
  return <span {...figureOf(props)} />;
}

/** As the second line of a cell. */
export function SmallFigure(props: FigureProps) {
  return <small {...figureOf(props)} />;
}
