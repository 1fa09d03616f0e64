import { type Zone, zoneOf } from './local-time.ts';

/**
 * The headings of each column in the files of one source, any of which may be used, without a time zone in
 * brackets. `optional`: a file may lack the column. `holds`: what its cells reveal the style of.
 */
export type ColumnSpec = Record<
  string,
  { headings: readonly string[]; optional?: boolean; holds?: 'number' | 'time' }
>;

interface Place {
  index: number;
  heading: string;
}

/** The columns of one file by name. */
export class Columns {
  readonly #byName: ReadonlyMap<string, Place>;
  readonly #headings: readonly string[];

  constructor(byName: ReadonlyMap<string, Place>, headings: readonly string[]) {
    this.#byName = byName;
    this.#headings = headings;
  }

  /** The number of cells in a row. */
  get count(): number {
    return this.#headings.length;
  }

  /** The trimmed cell; `''` if the file has no such column. */
  cell(row: readonly string[], name: string): string {
    return this.verbatim(row, name).trim();
  }

  /** The untrimmed cell. */
  verbatim(row: readonly string[], name: string): string {
    const column = this.#byName.get(name);
    return column === undefined ? '' : (row[column.index] ?? '');
  }

  /** The place of a column's cells in a row; `undefined` if the file has no such column. */
  indexOf(name: string): number | undefined {
    return this.#byName.get(name)?.index;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The heading of the first column in use whose cell is longer than `max`; `null` if there is none. */
  longerThan(max: number, row: readonly string[]): string | null {
    for (const { index, heading } of this.#byName.values()) {
      if ((row[index]?.length ?? 0) > max) return heading;
    }
    return null;
  }

  /** The zone in a heading such as `Date(UTC+9)`; `null` if it has none. */
  zone(name: string): Zone | null {
    return zoneInHeading(this.heading(name));
  }

  /** The first heading of the file that matches, whether its column is read or not. */
  headingLike(pattern: RegExp): string | undefined {
    return this.#headings.find((each) => pattern.test(each));
  }

  get headings(): readonly string[] {
    return this.#headings;
  }

  headingAt(index: number): string | undefined {
    return this.#headings[index];
  }

  /** As the file spells it. */
  heading(name: string): string {
    return this.#byName.get(name)?.heading ?? name;
  }
}

/** No source has a longer heading. */
const MAX_HEADING = 100;

const ZONE = /\(\s*((?:UTC|GMT)[^)]*)\)\s*$/i;

function zoneInHeading(heading: string): Zone | null {
  const name = ZONE.exec(heading)?.[1]?.trim();
  if (name === undefined) return null;
  try {
    return zoneOf(name);
  } catch {
    // `Date(UTCnull)` states none.
    return null;
  }
}

/**
 * Headings are compared without case, spaces, time zones, footnote marks and byte order marks. `''` if
 * nothing is left.
 */
function normalised(heading: string): string {
  if (heading.length > MAX_HEADING) return '';
  return heading
    .replace(ZONE, '')
    .replace(/[¹²³⁴⁵⁶⁷⁸⁹]+$/, '')
    .replaceAll(/\s+/g, '')
    .toLowerCase();
}

/** The number of letters in which a heading may differ and still count as a typo. */
const SLIP = 2;

/** The edit distance between two texts; anything above `SLIP` means too far. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > SLIP) return SLIP + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? SLIP + 1;
}

/** The heading of the file that differs by a typo; `undefined` if there is none, or several. */
export function similarHeading(heading: string, headings: readonly string[]): string | undefined {
  const wanted = normalised(heading);
  const near = headings.filter((each) => {
    const found = normalised(each);
    return found.length > SLIP + 1 && found !== wanted && distance(found, wanted) <= SLIP;
  });
  return near.length === 1 ? near[0] : undefined;
}

export interface HeadingMatch {
  columns: Columns;
  /** The first heading of each required column that the file lacks. */
  missing: string[];
  found: number;
  /** Headings that all stand for the same column of numbers, so it is unclear which to read. */
  rivals: string[];
}

/** A row of headings, indexed by their normalised text. A repeated heading gets a number: `Cur.#2`. */
export interface Headings {
  all: readonly string[];
  places: ReadonlyMap<string, Place>;
}

export function headingsOf(row: readonly string[]): Headings {
  const all = row.map((heading) => heading.replace(/^\uFEFF/, '').trim());
  const places = new Map<string, Place>();
  all.forEach((heading, index) => {
    const key = normalised(heading);
    if (key === '') return;
    let nth = 1;
    while (places.has(nth === 1 ? key : `${key}#${nth}`)) nth += 1;
    places.set(nth === 1 ? key : `${key}#${nth}`, { index, heading });
  });
  return { all, places };
}

/** Finds the columns of a source in a row of headings. */
export function matchHeadings(spec: ColumnSpec, { all, places }: Headings): HeadingMatch {
  const byName = new Map<string, Place>();
  const missing: string[] = [];
  let rivals: string[] = [];
  for (const [name, { headings, optional, holds }] of Object.entries(spec)) {
    const named = headings.map((heading) => places.get(normalised(heading)));
    const own = new Set(named.filter((each) => each !== undefined));
    const [place] = own;
    if (place !== undefined) byName.set(name, place);
    else if (optional !== true) missing.push(headings[0] ?? name);
    if (holds === 'number' && own.size > 1) rivals = [...own].map(({ heading }) => heading);
  }
  return { columns: new Columns(byName, all), missing, found: byName.size, rivals };
}
