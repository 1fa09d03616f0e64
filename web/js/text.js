import en from './text/en.js';
import ko from './text/ko.js';
import { language } from './locale.js';

const catalogues = { en, ko };
const texts = catalogues[language];

/** The text of a key in the reader's language, with `{name}` filled in. */
export function text(key, values = {}) {
  return (texts[key] ?? en[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Puts the texts of `data-text` elements in place. */
export function translate(root) {
  for (const element of root.querySelectorAll('[data-text]'))
    element.textContent = text(element.dataset.text);
}
