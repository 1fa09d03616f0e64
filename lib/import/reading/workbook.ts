import { MAX_COLUMNS } from './csv-splitter.ts';
import { columnOf, dateText, isDateFormat, numberText } from './workbook-cells.ts';
import { openZip, parsed, type Part, partsOf, refused } from './workbook-parts.ts';

/** The maximum size of an uploaded workbook, in bytes. */
export const MAX_WORKBOOK = 32 * 2 ** 20;
/**
 * The maximum size of one of its parts, unpacked, in bytes. All shared texts are held in memory; rows are
 * streamed.
 */
const MAX_TEXTS = 64 * 2 ** 20;
const MAX_SHEET = 512 * 2 ** 20;
const MAX_ROWS = 1_048_576;

/**
 * Day 0 of the two spreadsheet calendars: the usual one, in which 1900 is a leap year, and that of old
 * Macintoshes.
 */
const EPOCH = Date.UTC(1899, 11, 30);
const EPOCH_1904 = Date.UTC(1904, 0, 1);

/** The texts that cells refer to by number. */
async function sharedTexts(part: Part | undefined): Promise<string[]> {
  const texts: string[] = [];
  if (part === undefined) return texts;
  const found = parsed<string>(part, MAX_TEXTS, (parser, tell) => {
    let text = '';
    let isText = false;
    let phonetic = 0;
    parser.on('opentag', ({ name }) => {
      if (name === 'si') text = '';
      if (name === 'rPh') phonetic += 1;
      isText = name === 't';
    });
    parser.on('text', (piece) => {
      if (isText && phonetic === 0) text += piece;
    });
    parser.on('closetag', ({ name }) => {
      if (name === 't') isText = false;
      if (name === 'rPh') phonetic -= 1;
      if (name === 'si') tell(text);
    });
  });
  for await (const text of found) texts.push(text);
  return texts;
}

async function epochOf(part: Part | undefined): Promise<number> {
  let epoch = EPOCH;
  if (part === undefined) return epoch;
  const found = parsed<never>(part, MAX_TEXTS, (parser) => {
    parser.on('opentag', ({ name, attributes }) => {
      if (name === 'workbookPr' && /^(1|true)$/.test(attributes['date1904'] ?? '')) epoch = EPOCH_1904;
    });
  });
  for await (const _ of found);
  return epoch;
}

/** The styles that show a number as a date. */
async function dateStyles(part: Part | undefined): Promise<ReadonlySet<number>> {
  const dates = new Set<number>();
  if (part === undefined) return dates;
  const custom = new Set<number>();
  let isCell = false;
  let style = 0;
  const found = parsed<never>(part, MAX_TEXTS, (parser) => {
    parser.on('opentag', ({ name, attributes }) => {
      const id = Number(attributes['numFmtId']);
      if (name === 'numFmt' && isDateFormat(attributes['formatCode'] ?? '')) custom.add(id);
      if (name === 'cellXfs') isCell = true;
      if (name !== 'xf' || !isCell) return;
      if ((id >= 14 && id <= 22) || (id >= 45 && id <= 47) || custom.has(id)) dates.add(style);
      style += 1;
    });
    parser.on('closetag', ({ name }) => {
      if (name === 'cellXfs') isCell = false;
    });
  });
  for await (const _ of found);
  return dates;
}

interface SheetRow {
  number: number;
  cells: string[];
}

interface CellTerms {
  /** Day 0 of dates. */
  epoch: number;
  texts: readonly string[];
  dates: ReadonlySet<number>;
}

/** The text that a cell shows. */
function shown(value: string, kind: string, style: number, { epoch, texts, dates }: CellTerms): string {
  if (kind === 's') return texts[Number(value)] ?? '';
  if (kind === 'n' && value !== '')
    return dates.has(style) ? dateText(Number(value), epoch) : numberText(value);
  return value;
}

function rowsOf(part: Part, terms: CellTerms): AsyncGenerator<SheetRow, void, undefined> {
  return parsed<SheetRow>(part, MAX_SHEET, (parser, tell) => {
    let row: SheetRow = { number: 0, cells: [] };
    let [column, style, kind, value, isValue] = [0, 0, 'n', '', false];
    parser.on('opentag', ({ name, attributes }) => {
      if (name === 'row') {
        const number = Number(attributes['r'] ?? row.number + 1);
        if (!(number > row.number && number <= MAX_ROWS)) throw refused('has rows out of order');
        row = { number, cells: [] };
      } else if (name === 'c') {
        const reference = attributes['r'];
        column = reference === undefined ? row.cells.length : columnOf(reference);
        if (column >= MAX_COLUMNS) throw refused(`has a row of more than ${MAX_COLUMNS} cells`);
        style = Number(attributes['s'] ?? 0);
        kind = attributes['t'] ?? 'n';
        value = '';
      } else if (name === 'v' || name === 't') isValue = true;
    });
    parser.on('text', (piece) => {
      if (isValue) value += piece;
    });
    parser.on('closetag', ({ name }) => {
      if (name === 'v' || name === 't') isValue = false;
      if (name === 'c') {
        while (row.cells.length < column) row.cells.push('');
        row.cells[column] = shown(value, kind, style, terms);
      }
      if (name === 'row') tell(row);
    });
  });
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Characters per piece. */
const PIECE = 16_384;

/** Names and files of the sheets, in the order of the workbook. */
async function sheetsOf(parts: ReadonlyMap<string, Part>): Promise<{ name: string; part: Part }[]> {
  const files = new Map<string, string>();
  const relations = parts.get('xl/_rels/workbook.xml.rels');
  const workbook = parts.get('xl/workbook.xml');
  const sheets: { name: string; id: string }[] = [];
  if (relations !== undefined && workbook !== undefined) {
    const related = parsed<never>(relations, MAX_TEXTS, (parser) => {
      parser.on('opentag', ({ name, attributes }) => {
        if (name === 'Relationship') files.set(attributes['Id'] ?? '', attributes['Target'] ?? '');
      });
    });
    for await (const _ of related);
    const listed = parsed<{ name: string; id: string }>(workbook, MAX_TEXTS, (parser, tell) => {
      parser.on('opentag', ({ name, attributes }) => {
        if (name === 'sheet') tell({ name: attributes['name'] ?? '', id: attributes['r:id'] ?? '' });
      });
    });
    for await (const sheet of listed) sheets.push(sheet);
  }
  const found = sheets.flatMap(({ name, id }) => {
    const target = files.get(id) ?? '';
    const part = parts.get(target.startsWith('/') ? target.slice(1) : `xl/${target}`);
    return part === undefined ? [] : [{ name, part }];
  });
  if (found.length > 0) return found;
  // The workbook has no list of its sheets, so go by the names of its files.
  return [...parts]
    .filter(([name]) => /^xl\/worksheets\/[^/]+\.xml$/.test(name))
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([name, part]) => ({ name: name.slice('xl/worksheets/'.length), part }));
}

async function isEmpty(part: Part): Promise<boolean> {
  const values = parsed<true>(part, MAX_SHEET, (parser, tell) => {
    parser.on('opentag', ({ name }) => {
      if (name === 'v' || name === 't') tell(true);
    });
  });
  for await (const _ of values) return false;
  return true;
}

/**
 * The only sheet with content.
 * @throws Problem if there are several, because any of them could be meant
 */
async function onlySheet(parts: ReadonlyMap<string, Part>): Promise<Part> {
  const filled: { name: string; part: Part }[] = [];
  for (const sheet of await sheetsOf(parts)) if (!(await isEmpty(sheet.part))) filled.push(sheet);
  const [first] = filled;
  if (first === undefined) throw refused('has no sheet with cells');
  if (filled.length > 1) {
    const names = filled.map(({ name }) => name.slice(0, 50)).slice(0, 10);
    throw refused(
      `has several sheets (${names.join(', ')}). Save each as a file, and import them one by one`,
    );
  }
  return first.part;
}

/**
 * The sheet of an Excel workbook as CSV, each row on the line of its number, dates as a clock shows them.
 * @throws Problem if it is damaged, has several sheets, or unpacks to more than the limit
 */
export async function* workbookText(bytes: Buffer): AsyncGenerator<string, void, undefined> {
  const parts = await partsOf(await openZip(bytes));
  const sheet = await onlySheet(parts);
  const terms = {
    epoch: await epochOf(parts.get('xl/workbook.xml')),
    texts: await sharedTexts(parts.get('xl/sharedStrings.xml')),
    dates: await dateStyles(parts.get('xl/styles.xml')),
  };
  let line = 1;
  let text = '';
  for await (const { number, cells } of rowsOf(sheet, terms)) {
    text += `${'\n'.repeat(number - line)}${cells.map(quoted).join(',')}`;
    line = number;
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  yield `${text}\n`;
}
