interface Props<T extends string> {
  id: string;
  legend: string;
  choices: readonly (readonly [value: T, label: string])[];
  value: T;
  onChange: (value: T) => void;
}

/** Radio buttons in a row. */
export function Segments<T extends string>({ id, legend, choices, value, onChange }: Props<T>) {
  return (
    <fieldset class="segments" id={id}>
      <legend class="hidden">{legend}</legend>
      {choices.map(([choice, label]) => (
        <label key={choice}>
          <input
            type="radio"
            name={id}
            value={choice}
            checked={choice === value}
            onChange={() => onChange(choice)}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
