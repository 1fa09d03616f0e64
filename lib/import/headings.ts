/** What a column is called in the files of one source: any of the headings; `optional` when a file may lack it. */
export type ColumnSpec = Record<string, { headings: readonly string[]; optional?: boolean }>;

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

  headingAt(index: number): string | undefined {
    return this.#headings[index];
  }

  /** As the file spells it. */
  heading(name: string): string {
    return this.#byName.get(name)?.heading ?? name;
  }
}

/** Case, spaces, footnote marks and a byte order mark do not tell headings apart. */
function normalised(heading: string): string {
  return heading
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

/** Finds the columns of a source in a row of headings. Of a heading that comes twice the first counts. */
export function matchHeadings(spec: ColumnSpec, row: readonly string[]): HeadingMatch {
  const headings = row.map((heading) => heading.replace(/^\uFEFF/, '').trim());
  const places = new Map<string, Place>();
  headings.forEach((heading, index) => {
    const key = normalised(heading);
    if (key !== '' && !places.has(key)) places.set(key, { index, heading });
  });
  const byName = new Map<string, Place>();
  const missing: string[] = [];
  for (const [name, { headings, optional }] of Object.entries(spec)) {
    const place = headings
      .map((heading) => places.get(normalised(heading)))
      .find((each) => each !== undefined);
    if (place !== undefined) byName.set(name, place);
    else if (optional !== true) missing.push(headings[0] ?? name);
  }
  return { columns: new Columns(byName, headings), missing, found: byName.size };
}
