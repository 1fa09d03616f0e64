import { DECIMAL, SIGNED_DECIMAL } from '../figures/decimal-input.ts';
import { Field, hintOf } from '../page/field.tsx';
import { text } from '../text/text.ts';
import type { Gaps, TextKey, Texts } from '../text/text-key.ts';
import { ADJUSTMENT_SUBTYPES, ENTRY_KINDS, type EntryKind, REWARD_SUBTYPES } from './entry-kinds.ts';
import type { EntryValues } from './entry-values.ts';
import { SourceFields } from './source-fields.tsx';

type TextName = {
  [K in keyof EntryValues]: EntryValues[K] extends string ? K : never;
}[keyof EntryValues];

/** Texts without placeholders. */
type Label = { [K in TextKey]: [Gaps<Texts[K]>] extends [never] ? K : never }[TextKey];

interface Shape {
  label: Label;
  hint?: Label;
  holds?: 'asset' | 'decimal' | 'signed';
  isOptional?: boolean;
}

const ASSET: Shape = { label: 'asset', hint: 'entryAssetHint', holds: 'asset' };
const QUANTITY: Shape = { label: 'quantity', holds: 'decimal' };
const COST: Shape = { label: 'unitCost', hint: 'unitCostHint', holds: 'decimal', isOptional: true };
const ACCOUNT: Shape = { label: 'entryAccount', isOptional: true };
const TXID: Shape = { label: 'txid', isOptional: true };
const moved = { asset: ASSET, quantity: QUANTITY, unitCost: COST, account: ACCOUNT };

/** The fields of each kind, besides time and note, in order. */
const FIELDS: Record<EntryKind, Partial<Record<TextName, Shape>>> = {
  deposit: { ...moved, txid: TXID },
  withdrawal: {
    asset: ASSET,
    quantity: { ...QUANTITY, hint: 'withdrawnHint' },
    feeAmount: { label: 'networkFee', holds: 'decimal', isOptional: true },
    unitCost: COST,
    account: ACCOUNT,
    txid: TXID,
  },
  transfer: {
    asset: ASSET,
    quantity: { ...QUANTITY, hint: 'arrivedHint' },
    account: { label: 'fromAccount' },
    toAccount: { label: 'toAccount' },
    feeAmount: { label: 'networkFee', holds: 'decimal', isOptional: true },
    feeCurrency: { label: 'feeCurrency', holds: 'asset', isOptional: true },
    txid: TXID,
  },
  reward: moved,
  fee: moved,
  rebate: moved,
  adjustment: {
    ...moved,
    quantity: { label: 'quantity', hint: 'signedHint', holds: 'signed' },
    reason: { label: 'adjustmentReason' },
  },
  convert: { asset: { ...ASSET, label: 'gotAsset' }, quantity: QUANTITY, unitCost: COST, account: ACCOUNT },
  rename: { asset: { ...ASSET, label: 'oldAsset' }, toAsset: { label: 'newAsset', holds: 'asset' } },
  redenomination: {
    asset: { ...ASSET, label: 'oldAsset' },
    toAsset: { label: 'newAsset', hint: 'sameAssetHint', holds: 'asset', isOptional: true },
    per: { label: 'oldUnits', holds: 'decimal' },
    quantity: { label: 'newUnits', holds: 'decimal' },
  },
  fork: {
    asset: { ...ASSET, label: 'heldAsset' },
    toAsset: { label: 'newAsset', holds: 'asset' },
    quantity: QUANTITY,
    costShare: { label: 'costShare', hint: 'costShareHint', holds: 'decimal', isOptional: true },
  },
};

interface Props {
  values: EntryValues;
  put: (some: Partial<EntryValues>) => void;
  assets: readonly string[];
  zone: string;
  /** The kind of a booked entry cannot be changed. */
  isNew: boolean;
}

interface SelectProps {
  id: string;
  label: string;
  value: string;
  choices: readonly (readonly [value: string, label: string])[];
  isDisabled?: boolean;
  onChange: (value: string) => void;
}

function Select({ id, label, value, choices, isDisabled = false, onChange }: SelectProps) {
  return (
    <Field id={id} label={label}>
      <select
        id={id}
        value={value}
        disabled={isDisabled}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {choices.map(([choice, words]) => (
          <option key={choice} value={choice}>
            {words}
          </option>
        ))}
      </select>
    </Field>
  );
}

function Subtype({ values, put }: Pick<Props, 'values' | 'put'>) {
  const { kind, subtype } = values;
  if (kind !== 'reward' && kind !== 'adjustment') return null;
  const names = kind === 'reward' ? REWARD_SUBTYPES : ADJUSTMENT_SUBTYPES;
  const choices = names.map((name) => [name, text(`subtype.${name}`)] as const);
  return (
    <Select
      id="entry-subtype"
      label={text(kind === 'reward' ? 'rewardFor' : 'adjustmentOf')}
      value={subtype}
      choices={kind === 'reward' ? [['', text('notGiven')], ...choices] : choices}
      onChange={(value) => put({ subtype: value })}
    />
  );
}

const PATTERNS = { decimal: DECIMAL, signed: SIGNED_DECIMAL };

export function EntryFields({ values, put, assets, zone, isNew }: Props) {
  const { kind } = values;
  const bound = (name: TextName) => ({
    id: `entry-${name}`,
    name,
    autocomplete: 'off' as const,
    value: values[name],
    onInput: (event: { currentTarget: HTMLInputElement }) => put({ [name]: event.currentTarget.value }),
  });
  const field = (name: TextName, { label, hint, holds, isOptional = false }: Shape) => {
    const isNumber = holds === 'decimal' || holds === 'signed';
    return (
      <Field
        key={name}
        id={`entry-${name}`}
        label={text(label)}
        hint={hint === undefined ? undefined : text(hint)}
        isOptional={isOptional}
      >
        <input
          {...bound(name)}
          required={!isOptional}
          aria-describedby={hint === undefined ? undefined : hintOf(`entry-${name}`)}
          type="text"
          list={holds === 'asset' ? 'entry-assets' : undefined}
          maxLength={holds === 'asset' ? 20 : 500}
          inputMode={isNumber ? 'decimal' : undefined}
          pattern={isNumber ? PATTERNS[holds] : undefined}
          title={isNumber ? text('invalid.decimal') : undefined}
        />
      </Field>
    );
  };
  const names = Object.keys(FIELDS[kind]).filter((name): name is TextName => name in values);
  return (
    <>
      <Select
        id="entry-kind"
        label={text('entryKind')}
        value={kind}
        choices={ENTRY_KINDS.map((each) => [each, text(`entry.${each}`)] as const)}
        isDisabled={!isNew}
        onChange={(value) => put({ kind: ENTRY_KINDS.find((each) => each === value) ?? kind, subtype: '' })}
      />
      <p class="aside" id="entry-about">
        {text(`about.${kind}`)}
      </p>
      <datalist id="entry-assets">
        {assets.map((asset) => (
          <option key={asset} value={asset} />
        ))}
      </datalist>
      {kind === 'convert' && <SourceFields values={values} put={put} />}
      <Subtype values={values} put={put} />
      <div class="pair">
        {names.map((name) => {
          const shape = FIELDS[kind][name];
          return shape === undefined ? null : field(name, shape);
        })}
      </div>
      {kind === 'withdrawal' && (
        <label class="check">
          <input
            type="checkbox"
            id="entry-confirmed"
            checked={values.isConfirmed}
            onChange={({ currentTarget: { checked } }) => put({ isConfirmed: checked })}
          />
          {text('leftForGood')}
        </label>
      )}
      <Field id="entry-time" label={text('tradeTime', { zone })}>
        <input {...bound('time')} type="datetime-local" step={1} required />
      </Field>
      <Field id="entry-note" label={text('tradeNote')} isOptional>
        <input {...bound('note')} maxLength={1_000} />
      </Field>
    </>
  );
}
