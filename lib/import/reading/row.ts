import {
  AmbiguousNumber,
  type Amount,
  type DecimalMark,
  isNothing,
  plainNumber,
  spacedUnit,
  splitUnit,
} from './amount.ts';
import { type CellCode, CellError } from './cell-error.ts';
import type { Columns } from './headings.ts';
import { type DateOrder, epochIn, timeReadings, type Zone } from './local-time.ts';

/** How the cells of a file are to be understood. */
export interface ReadingTerms {
  /** Of times that do not name theirs; `null`: not known. */
  zone: Zone | null;
  /** `null`: the file does not show it. */
  decimal: DecimalMark | null;
  /** Nothing but the shape of its times tells that the file has decimal points: a comma, wherever it comes, denies it. */
  isPlain: boolean;
  dateOrder: DateOrder | null;
  /** Epoch milliseconds: what is before is refused. */
  earliest: number;
  /** The lines above the headings. */
  preamble: readonly string[];
}

/** Units that a cell may have: these, or any that has a space before it. */
type Units = readonly string[] | 'spaced';

/** A row of a file, read strictly: what could mean two things is refused. */
export class Row {
  /** Where it begins in the file. */
  readonly line: number;
  readonly cells: readonly string[];
  readonly columns: Columns;
  readonly terms: ReadingTerms;

  constructor(line: number, cells: readonly string[], columns: Columns, terms: ReadingTerms) {
    this.line = line;
    this.cells = cells;
    this.columns = columns;
    this.terms = terms;
  }

  /** The trimmed cell; `''` when the file has no such column. */
  text(name: string): string {
    return this.columns.cell(this.cells, name);
  }

  verbatim(name: string): string {
    return this.columns.verbatim(this.cells, name);
  }

  error(name: string, code: CellCode, detail: string, params?: Readonly<Record<string, string>>): CellError {
    return new CellError(this.columns.heading(name), code, detail, params);
  }

  /** A number or `null` for an empty cell or a dash. @throws CellError */
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

  /** The number that is part of a cell. @throws CellError */
  numberIn(name: string, text: string): string {
    const number = this.#plainNumber(text);
    if (number === null) throw this.error(name, 'not-a-number', 'is not a decimal number');
    if (typeof number === 'string') return number;
    return this.#ambiguous(name, number);
  }

  /** A number with the unit behind it, if there is one of those. @throws CellError */
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

  /** As `amount`, but there must be a number. */
  quantity(name: string, units: Units): string {
    const { number } = this.amount(name, units);
    if (number === null) throw this.error(name, 'empty', 'is empty');
    return number;
  }

  /** @throws CellError unless the cell holds a time that can be told for certain */
  time(name: string): number {
    const cell = this.text(name);
    const { zone: fileZone, dateOrder, earliest } = this.terms;
    const epoch = epochIn(cell);
    if (epoch !== null) return this.#notBefore(name, epoch, earliest);
    const readings = timeReadings(cell);
    if (readings === null) {
      throw this.error(name, 'not-a-time', 'is not a time such as 2026-03-02 09:00:00');
    }
    const local = this.#local(name, readings.byOrder, dateOrder);
    const zone = readings.zone ?? fileZone;
    if (zone === null) throw this.error(name, 'no-time-zone', 'has no time zone: say it as `tz`');
    const time = zone.instantOf(local);
    if (time === null) {
      const detail = `is a time that does not exist in ${zone.name}`;
      throw this.error(name, 'skipped-time', detail, { zone: zone.name });
    }
    return this.#notBefore(name, time, earliest);
  }

  #local(name: string, byOrder: ReadonlyMap<DateOrder, number>, order: DateOrder | null): number {
    const only = new Set(byOrder.values());
    const [first] = only;
    if (order !== null) {
      const local = byOrder.get(order) ?? (/^\d{4}/.test(this.text(name)) ? first : undefined);
      if (local !== undefined) return local;
      throw this.error(name, 'not-a-time', `is not a time of the order ${order}`, { dateOrder: order });
    }
    if (only.size === 1 && first !== undefined) return first;
    const days = [...only].map((local) => new Date(local).toISOString().slice(0, 10));
    const detail = `could be ${days.join(' or ')}: say which as \`dateOrder\``;
    throw this.error(name, 'ambiguous-date', detail, { readings: days.join(', ') });
  }

  #notBefore(name: string, time: number, earliest: number): number {
    if (time >= earliest) return time;
    const day = new Date(earliest).toISOString().slice(0, 10);
    throw this.error(name, 'too-early', `is before ${day}`, { earliest: day });
  }

  /** Of an amount whose sign says the opposite of what the row is called. */
  signError(name: string, word: string): CellError {
    const amount = this.text(name).replace(/^[-+−]\s*/, '');
    const readings = [`a deposit of ${amount}`, `a withdrawal of ${amount}`];
    const detail = `has a sign that contradicts ${word}: it could be ${readings.join(' or ')}. Correct one of the two`;
    return this.error(name, 'wrong-value', detail, { readings: readings.join(', ') });
  }

  #plainNumber(text: string): string | AmbiguousNumber | null {
    const { decimal, isPlain } = this.terms;
    const unproved = isPlain && text.includes(',') ? plainNumber(text, null) : null;
    return unproved instanceof AmbiguousNumber ? unproved : plainNumber(text, decimal);
  }

  #ambiguous(name: string, { readings }: AmbiguousNumber): never {
    const detail = `could be ${readings.join(' or ')}: say which as \`decimal\``;
    throw this.error(name, 'ambiguous-number', detail, { readings: readings.join(', ') });
  }
}
