import type { Row } from './row.ts';

/** The maximum number of rows read together: no second or event of an exchange has more. */
const MAX_GROUP = 2_000;
/**
 * The maximum number of other rows between two of the same group: exchanges log simultaneous events
 * interleaved.
 */
const APART = 200;

interface Group {
  rows: Row[];
  /** The number of the row after its last one. */
  end: number;
}

/** Gathers the rows of a file that belong together, in bounded memory whatever the file. */
export class RowGroups {
  readonly #keyOf: ((row: Row) => string) | null;
  /** Groups that may still get rows, the one that has waited longest first. */
  readonly #open = new Map<string, Group>();
  #count = 0;

  /** @param keyOf returns the same key for rows that belong together; `null`: each row stands alone */
  constructor(keyOf: ((row: Row) => string) | null) {
    this.#keyOf = keyOf;
  }

  /** @returns the groups that are complete with this row, or before it */
  *add(row: Row): Generator<readonly Row[], void, undefined> {
    this.#count += 1;
    if (this.#keyOf === null) {
      yield [row];
      return;
    }
    const key = this.#keyOf(row);
    const group = this.#open.get(key) ?? { rows: [], end: 0 };
    this.#open.delete(key);
    if (group.rows.length === MAX_GROUP) {
      yield group.rows;
      group.rows = [];
    }
    group.rows.push(row);
    group.end = this.#count;
    this.#open.set(key, group);
    for (const [waiting, { rows, end }] of this.#open) {
      if (this.#count - end < APART) return;
      this.#open.delete(waiting);
      yield rows;
    }
  }

  /** The remaining groups. */
  *end(): Generator<readonly Row[], void, undefined> {
    for (const { rows } of this.#open.values()) yield rows;
    this.#open.clear();
  }
}
