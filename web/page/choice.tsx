interface Option<T extends string> {
  value: T;
  label: string;
  about: string;
}

interface Props<T extends string> {
  name: string;
  legend: string;
  options: readonly Option<T>[];
  value: T;
  onChange: (value: T) => void;
}

/** A list of radio buttons, each with an explanation. */
export function Choice<T extends string>({ name, legend, options, value, onChange }: Props<T>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>
            {option.label}
            <span class="aside">{option.about}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
