import type { ComponentChildren } from 'preact';
import { setParams } from '../page/route.ts';
import { text } from '../text/text.ts';
import { type HoldingFilter, holdingParams } from './holding-filter.ts';

/** Searches the holdings, and hides those that do not matter. */
export function HoldingFilterForm({
  filter,
  children,
}: {
  filter: HoldingFilter;
  children: ComponentChildren;
}) {
  const put = (some: Partial<HoldingFilter>): void => setParams(holdingParams({ ...filter, ...some }));
  const box = (name: 'hidesSmall' | 'hidesUnpriced', label: string) => (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={filter[name]}
        onChange={({ currentTarget: { checked } }) => put({ [name]: checked })}
      />
      {label}
    </label>
  );
  return (
    <form
      class="holding-filter"
      role="search"
      id="holdings-filter"
      onSubmit={(event) => event.preventDefault()}
    >
      <input
        type="search"
        name="find"
        maxLength={20}
        autocomplete="off"
        aria-label={text('holdingsFind')}
        placeholder={text('holdingsFind')}
        value={filter.find}
        onInput={({ currentTarget: { value } }) => put({ find: value })}
      />
      {box('hidesSmall', text('hideSmall'))}
      {box('hidesUnpriced', text('hideUnpriced'))}
      {children}
    </form>
  );
}
