import { DECIMAL, SIGNED_DECIMAL } from '../figures/decimal-input.ts';
import { Field, hintOf } from '../page/field.tsx';
import { Segments } from '../page/segments.tsx';
import { text } from '../text/text.ts';
import type { TradeValues } from './trade-values.ts';

interface Props {
  values: TradeValues;
  put: (some: Partial<TradeValues>) => void;
  symbols: readonly string[];
  zone: string;
  /** The exchange of a booked trade is shown, but cannot be changed. */
  isNew: boolean;
}

export function TradeFields({ values, put, symbols, zone, isNew }: Props) {
  const bound = (name: Exclude<keyof TradeValues, 'side'>) => ({
    id: `trade-${name}`,
    name,
    autocomplete: 'off' as const,
    value: values[name],
    onInput: (event: { currentTarget: HTMLInputElement }) => put({ [name]: event.currentTarget.value }),
  });
  const decimal = { inputMode: 'decimal' as const, pattern: DECIMAL, title: text('invalid.decimal') };
  return (
    <>
      <Segments
        id="trade-side"
        legend={text('side')}
        choices={[
          ['buy', text('side.buy')],
          ['sell', text('side.sell')],
        ]}
        value={values.side}
        onChange={(side) => put({ side })}
      />
      <Field id="trade-symbol" label={text('symbol')} hint={text('symbolHint')}>
        <input
          {...bound('symbol')}
          required
          list="symbols"
          pattern="[^\s\/]{1,20}\/[^\s\/]{1,20}"
          title={text('invalid.symbol')}
          aria-describedby={hintOf('trade-symbol')}
        />
        <datalist id="symbols">
          {symbols.map((symbol) => (
            <option key={symbol} value={symbol} />
          ))}
        </datalist>
      </Field>
      <div class="pair">
        <Field id="trade-quantity" label={text('quantity')}>
          <input {...bound('quantity')} {...decimal} required />
        </Field>
        <Field id="trade-price" label={text('tradePrice')}>
          <input {...bound('price')} {...decimal} required />
        </Field>
      </div>
      <div class="pair">
        <Field id="trade-feeAmount" label={text('feeAmount')} isOptional>
          <input
            {...bound('feeAmount')}
            inputMode="decimal"
            pattern={SIGNED_DECIMAL}
            title={text('invalid.fee')}
          />
        </Field>
        <Field id="trade-feeCurrency" label={text('feeCurrency')}>
          <input {...bound('feeCurrency')} required={values.feeAmount !== ''} maxLength={20} />
        </Field>
      </div>
      <Field id="trade-time" label={text('tradeTime', { zone })}>
        <input {...bound('time')} type="datetime-local" step={1} required />
      </Field>
      <Field
        id="trade-exchange"
        label={text('exchange')}
        isOptional={isNew}
        hint={isNew ? undefined : text('exchangeStays')}
      >
        <input
          {...bound('exchange')}
          maxLength={50}
          disabled={!isNew}
          aria-describedby={isNew ? undefined : hintOf('trade-exchange')}
        />
      </Field>
      <Field id="trade-note" label={text('tradeNote')} isOptional>
        <input {...bound('note')} maxLength={1_000} />
      </Field>
      <Field id="trade-tags" label={text('tags')} hint={text('tagsHint')} isOptional>
        <input {...bound('tags')} maxLength={1_000} aria-describedby={hintOf('trade-tags')} />
      </Field>
    </>
  );
}
