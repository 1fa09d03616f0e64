import { DECIMAL } from '../figures/decimal-input.ts';
import { Field } from '../page/field.tsx';
import { text } from '../text/text.ts';
import { type EntryValues, NO_SOURCE, type Source } from './entry-values.ts';

/** The maximum number of sources of one conversion. */
const MOST = 100;

interface Props {
  values: EntryValues;
  put: (some: Partial<EntryValues>) => void;
}

/** The sources of a conversion: one asset, or several for a sweep of dust. */
export function SourceFields({ values: { sources }, put }: Props) {
  const decimal = { inputMode: 'decimal' as const, pattern: DECIMAL, title: text('invalid.decimal') };
  const bound = (index: number, name: keyof Source) => ({
    id: `source-${index}-${name}`,
    autocomplete: 'off' as const,
    value: sources[index]?.[name] ?? '',
    onInput: ({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) =>
      put({ sources: sources.map((each, at) => (at === index ? { ...each, [name]: value } : each)) }),
  });
  return (
    <fieldset class="sources">
      <legend>{text('given')}</legend>
      {sources.map((_, index) => (
        <div class="source" key={index}>
          <Field id={`source-${index}-asset`} label={text('asset')}>
            <input {...bound(index, 'asset')} required list="entry-assets" maxLength={20} />
          </Field>
          <Field id={`source-${index}-quantity`} label={text('quantity')}>
            <input {...bound(index, 'quantity')} {...decimal} required />
          </Field>
          {sources.length > 1 && (
            <>
              <Field id={`source-${index}-received`} label={text('receivedFor')} isOptional>
                <input {...bound(index, 'received')} {...decimal} />
              </Field>
              <button
                type="button"
                name="remove-source"
                aria-label={text('removeSource', { number: String(index + 1) })}
                onClick={() => put({ sources: sources.filter((__, at) => at !== index) })}
              >
                ×
              </button>
            </>
          )}
        </div>
      ))}
      {sources.length < MOST && (
        <button type="button" name="add-source" onClick={() => put({ sources: [...sources, NO_SOURCE] })}>
          {text('addSource')}
        </button>
      )}
    </fieldset>
  );
}
