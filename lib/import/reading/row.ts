import {
  AmbiguousNumber,
  type Amount,
  type DecimalMark,
  dependsOnMark,
  isNothing,
  plainNumber,
  spacedUnit,
  splitUnit,
} from './amount.ts';
import { type CellCode, CellError } from './cell-error.ts';
import type { Columns } from './headings.ts';
import {
  type DateOrder,
  dayNumberIn,
  epochIn,
  formOf,
  swappedDay,
  timeReadings,
  type Zone,
} from './local-time.ts';

/** How to interpret the cells of a file. */
export interface ReadingTerms {
  /** The zone of times that do not state one; `null` if unknown. */
  zone: Zone | null;
  /** The zone stated by a heading or by the client; a cell that states another contradicts it. */
  saidZone: Zone | null;
  /**
   * Whether some dates begin with the year and others end with it, which means that somebody has edited them.
   */
  hasMixedDates: boolean;
  /** `null` if the file does not show it. */
  decimal: DecimalMark | null;
  /** Two numbers of the file that contradict each other; usually none. */
  proofs: readonly string[];
  /**
   * Decimal points were inferred from the format of the times alone, so a comma in any number contradicts
   * them.
   */
  isPlain: boolean;
  dateOrder: DateOrder | null;
  /** Epoch milliseconds; earlier times are rejected. */
  earliest: number;
  /** The lines above the headings. */
  preamble: readonly string[];
}

/** Units that a cell may have: those listed, or any after a space. */
type Units = readonly string[] | 'spaced';

const dayText = (local: number): string => new Date(local).toISOString().slice(0, 10);
const clockText = (local: number): string => new Date(local).toISOString().slice(0, 16).replace('T', ' ');

/** A row of a file, read strictly: whatever could mean two things is rejected. */
export class Row {
  /** The line it begins on. */
  readonly line: number;
  readonly cells: readonly string[];
  readonly columns: Columns;
  readonly terms: ReadingTerms;
  /** Which of the two passes of a repeated hour a time belongs to; `null` if unknown. */
  pass: 'first' | 'second' | null = null;

  constructor(line: number, cells: readonly string[], columns: Columns, terms: ReadingTerms) {
    this.line = line;
    this.cells = cells;
    this.columns = columns;
    this.terms = terms;
  }

  /** The trimmed cell; `''` if the file has no such column. */
  text(name: string): string {
    return this.columns.cell(this.cells, name);
  }

  verbatim(name: string): string {
    return this.columns.verbatim(this.cells, name);
  }

  error(name: string, code: CellCode, detail: string, params?: Readonly<Record<string, string>>): CellError {
    return new CellError(this.columns.heading(name), code, detail, params);
  }

  /**
   * A number, or `null` for an empty cell or a dash.
   * @throws CellError
   */
  numberOrNull(name: string): string | null {
    const cell = this.text(name);
    return isNothing(cell) ? null : this.numberIn(name, cell);
  }

  /** @throws CellError unless the cell holds a number */
  number(name: string): string {
    const number = this.numberOrNull(name);
    if (number === null) throw this.error(name, 'empty', 'is empty');
    return number;
  }

  /**
   * A number that is part of a cell.
   * @throws CellError
   */
  numberIn(name: string, text: string): string {
    const number = this.#plainNumber(text);
    if (this.terms.proofs.length > 0 && dependsOnMark(text)) throw this.#contradicted(name);
    if (number === null) throw this.error(name, 'not-a-number', 'is not a decimal number');
    if (typeof number === 'string') return number;
    return this.#ambiguous(name, number);
  }

  /**
   * A number with its unit, if it has one of those given.
   * @throws CellError
   */
  amount(name: string, units: Units): Amount {
    const cell = this.text(name);
    const spaced = units === 'spaced' ? spacedUnit(cell) : null;
    const found = splitUnit(cell, units === 'spaced' ? (spaced === null ? [] : [spaced]) : units);
    if (found === null) {
      const detail = `could have several units: ${(units === 'spaced' ? [] : units).join(', ')}`;
      throw this.error(name, 'unknown-unit', detail);
    }
    const { number, unit } = found;
    return { number: isNothing(number) ? null : this.numberIn(name, number), unit };
  }

  /** Like `amount`, but the number is required. */
  quantity(name: string, units: Units): string {
    const { number } = this.amount(name, units);
    if (number === null) throw this.error(name, 'empty', 'is empty');
    return number;
  }

  /** @throws CellError unless the cell holds an unambiguous time */
  time(name: string): number {
    const shown = this.#shown(name);
    const { earliest } = this.terms;
    if (typeof shown === 'number') return this.#notBefore(name, shown, earliest);
    const { instants, zone, local } = shown;
    const [first, second] = instants;
    if (first === undefined) {
      const { from, to } = zone.gapAt(local);
      const gap = `${clockText(from)} to ${clockText(to)}`;
      const detail = `is a time that does not exist in ${zone.name}: its clocks go from ${gap}`;
      throw this.error(name, 'skipped-time', detail, { zone: zone.name, gap });
    }
    if (second === undefined || this.pass === 'first') return this.#notBefore(name, first, earliest);
    if (this.pass === 'second') return this.#notBefore(name, second, earliest);
    const readings = instants.map((instant) => new Date(instant).toISOString());
    const detail = `is a time that comes twice in ${zone.name}: it could be ${readings.join(' or ')}`;
    throw this.error(name, 'repeated-time', detail, { zone: zone.name, readings: readings.join(', ') });
  }

  /** The local time in a cell, if the clocks show it twice; otherwise `null`. */
  repeated(name: string): number | null {
    if (this.terms.zone?.isFixed !== false || !this.columns.has(name)) return null;
    try {
      const shown = this.#shown(name);
      return typeof shown === 'number' || shown.instants.length < 2 ? null : shown.local;
    } catch (error) {
      // Reported when the row is read.
      if (error instanceof CellError) return null;
      throw error;
    }
  }

  /** An instant, or a local time and its zone. */
  #shown(name: string): number | { instants: readonly number[]; zone: Zone; local: number } {
    const cell = this.text(name);
    const epoch = epochIn(cell);
    if (epoch !== null) return epoch;
    const readings = timeReadings(cell);
    if (readings === null) throw this.#noTime(name, cell);
    const local = this.#local(name, readings.byOrder);
    const { zone: fileZone, saidZone } = this.terms;
    const zone = readings.zone ?? fileZone;
    if (zone === null) throw this.error(name, 'no-time-zone', 'has no time zone: say it as `tz`');
    const instants = zone.instantsOf(local);
    if (
      readings.zone !== null &&
      saidZone !== null &&
      !instants.some((each) => saidZone.instantsOf(local).includes(each))
    ) {
      const params = { cell: zone.name, file: saidZone.name };
      const detail = `names the zone ${params.cell}, but the heading or \`tz\` says ${params.file}`;
      throw this.error(name, 'zone-conflict', detail, params);
    }
    return { instants, zone, local };
  }

  #noTime(name: string, cell: string): CellError {
    const day = dayNumberIn(cell);
    if (day === null) return this.error(name, 'not-a-time', 'is not a time such as 2026-03-02 09:00:00');
    const readings = [day, swappedDay(day)].filter((each) => each !== null).map(dayText);
    const detail = `is the number of a day, as spreadsheets count: it could be ${readings.join(' or ')}. Format the column as text before the file is saved`;
    return this.error(name, 'day-number', detail, { readings: readings.join(', ') });
  }

  #local(name: string, byOrder: ReadonlyMap<DateOrder, number>): number {
    const { dateOrder: order, hasMixedDates } = this.terms;
    const only = new Set(byOrder.values());
    const [first] = only;
    const isYearFirst = formOf(this.text(name)) === 'year-first';
    // A spreadsheet swaps day and month where it can and leaves the other dates alone.
    const isSuspect = isYearFirst && (hasMixedDates || (order !== null && order !== 'ymd'));
    const swapped = isSuspect && first !== undefined ? swappedDay(first) : null;
    if (first !== undefined && swapped !== null) throw this.#ambiguousDay(name, [first, swapped]);
    if (order !== null) {
      const local = byOrder.get(order) ?? (/^\d{4}/.test(this.text(name)) ? first : undefined);
      if (local !== undefined) return local;
      throw this.error(name, 'not-a-time', `is not a time of the order ${order}`, { dateOrder: order });
    }
    if (only.size === 1 && first !== undefined) return first;
    throw this.#ambiguousDay(name, [...only]);
  }

  #ambiguousDay(name: string, locals: readonly number[]): CellError {
    const days = locals.map(dayText);
    const isMixed = this.terms.hasMixedDates || formOf(this.text(name)) === 'year-first';
    const advice = isMixed
      ? 'the file writes dates in several ways, as if a spreadsheet had changed some of them. Export it again, and do not open it before'
      : 'say which as `dateOrder`';
    const detail = `could be ${days.join(' or ')}: ${advice}`;
    return this.error(name, 'ambiguous-date', detail, { readings: days.join(', ') });
  }

  #notBefore(name: string, time: number, earliest: number): number {
    if (time >= earliest) return time;
    const day = new Date(earliest).toISOString().slice(0, 10);
    throw this.error(name, 'too-early', `is before ${day}`, { earliest: day });
  }

  /** The error for an amount whose sign contradicts the type of the row. */
  signError(name: string, word: string, readings: readonly string[] = this.#ways(name)): CellError {
    const detail = `has a sign that contradicts ${word}: it could be ${readings.join(' or ')}. Correct one of the two`;
    return this.error(name, 'wrong-value', detail, { readings: readings.join(', ') });
  }

  #ways(name: string): string[] {
    const amount = this.text(name).replace(/^[-+−]\s*/, '');
    return [`a deposit of ${amount}`, `a withdrawal of ${amount}`];
  }

  #plainNumber(text: string): string | AmbiguousNumber | null {
    const { decimal, isPlain } = this.terms;
    const unproved = isPlain && text.includes(',') ? plainNumber(text, null) : null;
    return unproved instanceof AmbiguousNumber ? unproved : plainNumber(text, decimal);
  }

  /** One of the two was edited, and so may be any other number with a point or a comma. */
  #contradicted(name: string): CellError {
    const { proofs } = this.terms;
    const shown = proofs.map((each) => `\`${each}\``).join(' and ');
    const detail = `has a point or a comma, and the numbers of the file contradict each other: ${shown}. Write all of them alike`;
    return this.error(name, 'contradicting-numbers', detail, { readings: proofs.join(' / ') });
  }

  #ambiguous(name: string, { readings }: AmbiguousNumber): never {
    const detail = `could be ${readings.join(' or ')}: say which as \`decimal\``;
    throw this.error(name, 'ambiguous-number', detail, { readings: readings.join(', ') });
  }
}
