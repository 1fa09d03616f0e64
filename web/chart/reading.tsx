import type { ComponentChildren } from 'preact';

interface Props {
  name: string;
  /** Gives the item the colour of its line. */
  class?: 'own' | 'compared' | 'lost';
  children: ComponentChildren;
}

/** One item of the line under a chart: a name and a value. */
export function Reading({ name, class: kind, children }: Props) {
  return (
    <span>
      <span class={kind === undefined ? 'key' : `key ${kind}`}>{name}</span> <b>{children}</b>
    </span>
  );
}
