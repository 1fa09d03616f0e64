import { useEffect, useRef } from 'preact/hooks';
import { text } from '../text/text.ts';
import type { TradeFilter, TradePages } from './trade-pages.ts';

const TYPING_MS = 250;

interface Props {
  pages: TradePages;
  /** To choose from. */
  assets: readonly string[];
}

function isSide(value: string): value is TradeFilter['side'] {
  return ['', 'buy', 'sell'].includes(value);
}

export function TradeFilterForm({ pages, assets }: Props) {
  const typing = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(typing.current), []);
  const filter = pages.filter.value;
  const put = (some: Partial<TradeFilter>): void => {
    pages.filter.value = { ...pages.filter.value, ...some };
    clearTimeout(typing.current);
    typing.current = setTimeout(() => pages.start(), TYPING_MS);
  };
  const date = (name: 'from' | 'to') => (
    <label>
      <span>{text(name)}</span>
      <input
        type="date"
        name={name}
        min="1970-01-01"
        max="9999-12-30"
        value={filter[name]}
        onInput={(event) => put({ [name]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <form
      class="filter"
      id="trades-filter"
      role="search"
      aria-labelledby="trades-title"
      onSubmit={(event) => event.preventDefault()}
    >
      <label class="grow">
        <span>{text('search')}</span>
        <input
          type="search"
          name="q"
          maxLength={200}
          autocomplete="off"
          value={filter.q}
          onInput={(event) => put({ q: event.currentTarget.value })}
        />
      </label>
      {pages.asset === null && (
        <label>
          <span>{text('asset')}</span>
          <input
            name="asset"
            list="asset-names"
            size={8}
            maxLength={20}
            autocomplete="off"
            value={filter.asset}
            onInput={(event) => put({ asset: event.currentTarget.value })}
          />
          <datalist id="asset-names">
            {assets.map((asset) => (
              <option key={asset} value={asset} />
            ))}
          </datalist>
        </label>
      )}
      <label>
        <span>{text('side')}</span>
        <select
          name="side"
          value={filter.side}
          onChange={({ currentTarget: { value } }) => isSide(value) && put({ side: value })}
        >
          <option value="">{text('side.all')}</option>
          <option value="buy">{text('side.buy')}</option>
          <option value="sell">{text('side.sell')}</option>
        </select>
      </label>
      <label>
        <span>{text('tag')}</span>
        <input
          name="tag"
          size={8}
          maxLength={50}
          autocomplete="off"
          value={filter.tag}
          onInput={(event) => put({ tag: event.currentTarget.value })}
        />
      </label>
      {date('from')}
      {date('to')}
      <button
        type="reset"
        onClick={(event) => {
          event.preventDefault();
          clearTimeout(typing.current);
          pages.clear();
        }}
      >
        {text('clearFilter')}
      </button>
    </form>
  );
}
