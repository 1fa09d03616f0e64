import { element } from './element.js';

/** Radio buttons in a row in a `fieldset`. `choices`: `[value, label]`. */
export function segments(fieldset, { choices, value, onChange }) {
  const labels = choices.map(([choice, label]) => {
    const input = element('input');
    input.type = 'radio';
    input.name = fieldset.id;
    input.value = choice;
    input.checked = choice === value;
    input.addEventListener('change', () => onChange(choice));
    return element('label', '', input, label);
  });
  fieldset.append(...labels);
}
