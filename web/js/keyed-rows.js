/** Table rows that are found again by key, so that a change touches one row and the focus and scroll stay. */
export class KeyedRows {
  #body;
  #make;
  #rows = new Map();

  /** `make(key)` gives `{row, …}`: the `tr` and whatever its filler needs. */
  constructor(body, make) {
    this.#body = body;
    this.#make = make;
  }

  get size() {
    return this.#rows.size;
  }

  has(key) {
    return this.#rows.has(key);
  }

  /** The row of a key, made at the end when it is new. */
  at(key) {
    let entry = this.#rows.get(key);
    if (entry === undefined) {
      entry = this.#make(key);
      this.#rows.set(key, entry);
      this.#body.append(entry.row);
    }
    return entry;
  }

  /** Removes the rows of other keys and brings the rest into this order, moving only what is out of place. */
  arrange(keys) {
    const wanted = new Set(keys);
    for (const [key, { row }] of this.#rows) {
      if (wanted.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    let place = this.#body.firstElementChild;
    for (const key of wanted) {
      const { row } = this.at(key);
      if (row === place) place = place.nextElementSibling;
      else this.#body.insertBefore(row, place);
    }
  }

  keys() {
    return [...this.#rows.keys()];
  }
}
