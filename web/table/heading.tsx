import type { ComponentChildren } from 'preact';
import type { Sorting } from './sorting.ts';

interface Props<Key extends string> {
  sorting: Sorting<Key>;
  by: Key;
  class?: string;
  children: ComponentChildren;
}

/** The heading of a sortable column. */
export function Heading<Key extends string>({ sorting, by, class: name, children }: Props<Key>) {
  const { key, isDescending } = sorting.order.value;
  const order = isDescending ? 'descending' : 'ascending';
  return (
    <th
      role="columnheader"
      scope="col"
      class={name}
      data-sort={by}
      aria-sort={key === by ? order : undefined}
    >
      <button type="button" class="sort" onClick={() => sorting.choose(by)}>
        {children}
      </button>
    </th>
  );
}
