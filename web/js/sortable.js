import { element } from './element.js';
import { compare } from './number.js';

const NAMES = new Set(['asset', 'symbol']);

/** Headings that sort: those with `data-sort` become buttons. Keeps to one column and direction; the user's choice. */
export class Sortable {
  #key;
  #isDescending;
  #headings;
  #onChange;

  constructor(table, { key, isDescending, onChange }) {
    this.#key = key;
    this.#isDescending = isDescending;
    this.#onChange = onChange;
    this.#headings = [...table.querySelectorAll('th[data-sort]')];
    for (const heading of this.#headings) {
      const button = element('button', 'sort', heading.textContent);
      button.type = 'button';
      button.addEventListener('click', () => this.#choose(heading.dataset.sort));
      heading.replaceChildren(button);
    }
    this.#mark();
  }

  get key() {
    return this.#key;
  }

  get isDescending() {
    return this.#isDescending;
  }

  /** The items in order; what is not known comes last either way. `valueOf(item, key)` is a decimal text or a name. */
  order(items, valueOf) {
    const sign = this.#isDescending ? -1 : 1;
    return items.toSorted((a, b) => {
      const [one, other] = [valueOf(a, this.#key), valueOf(b, this.#key)];
      if (one === null || other === null) return Number(one === null) - Number(other === null);
      return sign * (NAMES.has(this.#key) ? one.localeCompare(other) : compare(one, other));
    });
  }

  #choose(key) {
    // Names begin with A, figures with the largest.
    this.#isDescending = key === this.#key ? !this.#isDescending : !NAMES.has(key);
    this.#key = key;
    this.#mark();
    this.#onChange();
  }

  #mark() {
    for (const heading of this.#headings) {
      if (heading.dataset.sort !== this.#key) heading.removeAttribute('aria-sort');
      else heading.setAttribute('aria-sort', this.#isDescending ? 'descending' : 'ascending');
    }
  }
}
