import { Field } from '../page/field.tsx';
import { text } from '../text/text.ts';

export interface Key {
  apiKey: string;
  secret: string;
}

interface Props {
  value: Key;
  /** Whether the account keeps its key if nothing is entered. */
  isOptional: boolean;
  onChange: (key: Key) => void;
}

/**
 * Inputs for an API key. They hide what is typed, and neither the browser nor the server ever shows it again.
 */
export function KeyFields({ value, isOptional, onChange }: Props) {
  const isNeeded = !isOptional || value.apiKey !== '' || value.secret !== '';
  const input = (name: keyof Key) => ({
    id: `account-${name}`,
    type: 'password' as const,
    autocomplete: 'off' as const,
    spellcheck: false,
    // Password managers would offer to save it.
    'data-1p-ignore': true,
    'data-lpignore': 'true',
    required: isNeeded,
    maxLength: 4_000,
    value: value[name],
    onInput: ({ currentTarget: field }: { currentTarget: HTMLInputElement }) =>
      onChange({ ...value, [name]: field.value }),
  });
  return (
    <div class="pair">
      <Field id="account-apiKey" label={text('account.apiKey')} isOptional={isOptional}>
        <input {...input('apiKey')} />
      </Field>
      <Field id="account-secret" label={text('account.secret')} isOptional={isOptional}>
        <input {...input('secret')} />
      </Field>
    </div>
  );
}
