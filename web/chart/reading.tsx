import type { ComponentChildren } from 'preact';

interface Props {
  name: string;
  /** Whose colour marks it. */
  class?: 'own' | 'compared';
  children: ComponentChildren;
}

/** One piece of the line under a chart: what it is, and how much. */
export function Reading({ name, class: kind, children }: Props) {
  return (
    <span>
      <span class={kind === undefined ? 'key' : `key ${kind}`}>{name}</span> <b>{children}</b>
    </span>
  );
}
