import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Field, hintOf } from '../page/field.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';

const DECIMALS = { point: '.', comma: ',' } as const;
const DATE_ORDERS = ['ymd', 'dmy', 'mdy'] as const;
const ROW_ORDERS = ['oldest-first', 'newest-first'] as const;

/** What the reader states about a file; `''` if nothing. */
export interface Hints {
  tz: string;
  decimal: '' | keyof typeof DECIMALS;
  dateOrder: '' | (typeof DATE_ORDERS)[number];
  order: '' | (typeof ROW_ORDERS)[number];
  mapping: string;
}

export const NO_HINTS: Hints = { tz: '', decimal: '', dateOrder: '', order: '', mapping: '' };

export function queryOf({ tz, decimal, dateOrder, order, mapping }: Hints) {
  return {
    ...(tz.trim() === '' ? {} : { tz: tz.trim() }),
    ...(decimal === '' ? {} : { decimal: DECIMALS[decimal] }),
    ...(dateOrder === '' ? {} : { dateOrder }),
    ...(order === '' ? {} : { order }),
    ...(mapping === '' ? {} : { mapping }),
  };
}

interface SelectProps<T extends string> {
  name: string;
  label: string;
  value: T | '';
  choices: readonly (readonly [value: T, label: string])[];
  onChange: (value: T | '') => void;
}

function Select<T extends string>({ name, label, value, choices, onChange }: SelectProps<T>) {
  const id = `import-${name}`;
  return (
    <Field id={id} label={label}>
      <select
        id={id}
        value={value}
        onChange={({ currentTarget }) =>
          onChange(choices.find(([choice]) => choice === currentTarget.value)?.[0] ?? '')
        }
      >
        <option value="">{text('hintNone')}</option>
        {choices.map(([choice, words]) => (
          <option key={choice} value={choice}>
            {words}
          </option>
        ))}
      </select>
    </Field>
  );
}

interface Props {
  dashboard: Dashboard;
  hints: Hints;
  put: (some: Partial<Hints>) => void;
}

/**
 * Inputs for what a file may leave open: zone, number and date formats, row order, and a mapping of its
 * columns.
 */
export function ImportHints({ dashboard, hints, put }: Props) {
  const mappings = useSignal<readonly string[]>([]);
  useEffect(() => {
    const life = new AbortController();
    dashboard.client.api
      .listImportMappings({}, { signal: life.signal })
      .then(({ items }) => (mappings.value = items.map(({ name }) => name)))
      // Files can be read without a mapping.
      .catch(() => undefined);
    return () => life.abort();
  }, []);
  return (
    <details id="import-hints">
      <summary>{text('importHints')}</summary>
      <p class="aside">{text('importHintsAbout')}</p>
      <div class="pair">
        <Field id="import-tz" label={text('hintZone')} hint={text('hintZoneAbout')}>
          <input
            id="import-tz"
            value={hints.tz}
            autocomplete="off"
            aria-describedby={hintOf('import-tz')}
            onInput={({ currentTarget: { value } }) => put({ tz: value })}
          />
        </Field>
        <Select
          name="decimal"
          label={text('hintDecimal')}
          value={hints.decimal}
          choices={[
            ['point', text('decimalMark.point')],
            ['comma', text('decimalMark.comma')],
          ]}
          onChange={(decimal) => put({ decimal })}
        />
        <Select
          name="dateOrder"
          label={text('hintDateOrder')}
          value={hints.dateOrder}
          choices={DATE_ORDERS.map((each) => [each, text(`dateOrder.${each}`)] as const)}
          onChange={(dateOrder) => put({ dateOrder })}
        />
        <Select
          name="order"
          label={text('hintOrder')}
          value={hints.order}
          choices={ROW_ORDERS.map((each) => [each, text(`rowOrder.${each}`)] as const)}
          onChange={(order) => put({ order })}
        />
        {mappings.value.length > 0 && (
          <Select
            name="mapping"
            label={text('hintMapping')}
            value={hints.mapping}
            choices={mappings.value.map((each) => [each, each] as const)}
            onChange={(mapping) => put({ mapping })}
          />
        )}
      </div>
    </details>
  );
}
