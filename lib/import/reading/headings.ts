import { type Zone, zoneOf } from './local-time.ts';

/**
 * What a column is called in the files of one source: any of the headings, without a time zone in brackets; `optional`
 * when a file may lack it; `holds` what its cells show the style of.
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

  /** How many cells a row of the file has. */
  get count(): number {
    return this.#headings.length;
  }

  /** The trimmed cell; `''` when the file has no such column. */
  cell(row: readonly string[], name: string): string {
    return this.verbatim(row, name).trim();
  }

  /** The cell with its spaces. */
  verbatim(row: readonly string[], name: string): string {
    const column = this.#byName.get(name);
    return column === undefined ? '' : (row[column.index] ?? '');
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The heading of the first cell that is read and is longer than that; `null` if none is. */
  longerThan(max: number, row: readonly string[]): string | null {
    for (const { index, heading } of this.#byName.values()) {
      if ((row[index]?.length ?? 0) > max) return heading;
    }
    return null;
  }

  /** The zone that a heading names: `Date(UTC+9)`; `null` if it names none. */
  zone(name: string): Zone | null {
    return zoneInHeading(this.heading(name));
  }

  /** A heading of the file that this program does not read, by its normalised text. */
  hasHeading(heading: string): boolean {
    return this.#headings.some((each) => normalised(each) === normalised(heading));
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
    // `Date(UTCnull)` names none.
    return null;
  }
}

/**
 * Case, spaces, a time zone, footnote marks and a byte order mark do not tell headings apart. `''` for what is no heading.
 */
function normalised(heading: string): string {
  if (heading.length > MAX_HEADING) return '';
  return heading
    .replace(ZONE, '')
    .replace(/[¹²³⁴⁵⁶⁷⁸⁹]+$/, '')
    .replaceAll(/\s+/g, '')
    .toLowerCase();
}

export interface HeadingMatch {
  columns: Columns;
  /** The first heading of each column that has to be there and is not. */
  missing: string[];
  found: number;
}

/** A row as headings: each with its place, by what tells headings apart. One that comes again is `Cur.#2`. */
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
  for (const [name, { headings, optional }] of Object.entries(spec)) {
    const place = headings
      .map((heading) => places.get(normalised(heading)))
      .find((each) => each !== undefined);
    if (place !== undefined) byName.set(name, place);
    else if (optional !== true) missing.push(headings[0] ?? name);
  }
  return { columns: new Columns(byName, all), missing, found: byName.size };
}
