const HEADINGS = [
  '체결시간',
  '코인',
  '마켓',
  '종류',
  '거래수량',
  '거래단가',
  '거래금액',
  '수수료',
  '정산금액',
];
const LAST_HEADING = '주문시간';
const DATE = /^\d{4}\.\d{2}\.\d{2}$/;
const CLOCK = /^\d{2}:\d{2}(?::\d{2})?$/;
const TIME = /^\d{4}\.\d{2}\.\d{2} \d{2}:\d{2}(?::\d{2})?$/;
const UNIT = /^[A-Z0-9]*[A-Z][A-Z0-9]*$/;
const AMOUNT = /^[-+]?\s?[\d,.]*\d/;
/** The most lines a row can take: date and clock twice, three words, five amounts with their units. */
const MAX_LINES = 17;

interface Line {
  text: string;
  number: number;
}

/**
 * Whether a text is Upbit's table as some browsers copy it: one cell per line, with units and clock times on
 * lines of their own.
 */
export function isPasted(head: string): boolean {
  const words = head
    .split(/\r?\n/, 40)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return HEADINGS.every((heading, index) => words[index] === heading);
}

/** Reads one row of the table from the lines that begin it; `null` if they are incomplete or not a row. */
function rowOf(lines: readonly Line[]): { cells: string[]; count: number } | null {
  let at = 0;
  const next = (): string => lines[at]?.text ?? '';
  const time = (): string | null => {
    const first = next();
    if (TIME.test(first) || first === '-') {
      at += 1;
      return first;
    }
    const clock = lines[at + 1]?.text ?? '';
    if (!DATE.test(first) || !CLOCK.test(clock)) return null;
    at += 2;
    return `${first} ${clock}`;
  };
  const booked = time();
  if (booked === null) return null;
  const words = lines.slice(at, at + 3).map(({ text }) => text);
  at += 3;
  const amounts: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const amount = next();
    if (amount !== '-' && !AMOUNT.test(amount)) return null;
    at += 1;
    const unit = UNIT.test(next()) && !/[A-Za-z]$/.test(amount) ? next() : '';
    if (unit !== '') at += 1;
    amounts.push(unit === '' ? amount : `${amount} ${unit}`);
  }
  const ordered = time();
  return ordered === null ? null : { cells: [booked, ...words, ...amounts, ordered], count: at };
}

/** Where the next row seems to begin; the lines before it stay together. */
function nextStart(lines: readonly Line[]): number {
  const start = lines.findIndex(({ text }, index) => index > 0 && (DATE.test(text) || TIME.test(text)));
  return start === -1 ? lines.length : start;
}

/**
 * Yields the table with tabs between cells, each row on the line where it begins. Lines that form no row stay
 * together as one row, which is then rejected.
 */
export async function* pastedRows(text: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let waiting = '';
  let number = 0;
  let written = 1;
  let lines: Line[] = [];
  let isHead = true;
  const row = (first: number, cells: readonly string[]): string => {
    const breaks = '\n'.repeat(Math.max(0, first - written));
    written = Math.max(first, written);
    return `${breaks}${cells.join('\t')}`;
  };
  function* taken(isEnd: boolean): Generator<string, void, undefined> {
    if (isHead) {
      const end = lines.findIndex((line) => line.text === LAST_HEADING);
      if (end === -1) return;
      yield row(1, [...HEADINGS, LAST_HEADING]);
      lines = lines.slice(end + 1);
      isHead = false;
    }
    // At the end of the text, the remaining lines are all there will be of a row.
    const least = isEnd ? 1 : MAX_LINES;
    while (lines.length >= least) {
      const found = rowOf(lines);
      const count = found?.count ?? nextStart(lines);
      const cells = found?.cells ?? lines.slice(0, count).map((line) => line.text);
      yield row(lines[0]?.number ?? 0, cells);
      lines = lines.slice(count);
    }
  }
  for await (const piece of text) {
    const parts = (waiting + piece).split('\n');
    waiting = parts.pop() ?? '';
    for (const part of parts) {
      number += 1;
      const trimmed = part.trim();
      if (trimmed === '') continue;
      lines.push({ text: trimmed, number });
      yield* taken(false);
    }
  }
  if (waiting.trim() !== '') lines.push({ text: waiting.trim(), number: number + 1 });
  yield* taken(true);
  yield '\n';
}
