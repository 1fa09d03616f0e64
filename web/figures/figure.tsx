import { text } from '../text/text.ts';
import { sign } from './number.ts';

const DIRECTION = { '-1': 'down', 0: undefined, 1: 'up' } as const;

export interface FigureProps {
  /** Decimal text; `null` if unknown. */
  value: string | null | undefined;
  format: (value: string) => string;
  /** Colours the figure by its sign, as gain or loss. */
  tinted?: boolean;
  /** Why it is unknown. */
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
 * A decimal as shown, with all digits in the tooltip. An unknown value is a dash with an explanation, never a
 * 0. For elements other than the components below.
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

/** A figure on the first line of a cell. */
export function Figure(props: FigureProps) {
  return <span {...figureOf(props)} />;
}

/** A figure on the second line of a cell. */
export function SmallFigure(props: FigureProps) {
  return <small {...figureOf(props)} />;
}
