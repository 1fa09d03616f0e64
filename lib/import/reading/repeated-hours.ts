import type { Columns } from './headings.ts';
import { type DateOrder, timeReadings, type Zone } from './local-time.ts';
import type { Row } from './row.ts';
import type { RowOrder } from './row-order.ts';

/** The maximum number of rows of one repeated hour to hold; beyond that, their order is not used. */
const MAX_HELD = 5_000;

/** The name of the time column in every layout. */
const TIME = 'time';

/** The direction of time in a list of rows; `null` if it changes, or all times are equal. */
export function directionOf(
  rows: readonly (readonly string[])[],
  columns: Columns,
  { order, zone }: { order: DateOrder | null; zone: Zone },
): RowOrder | null {
  let [rises, falls] = [0, 0];
  let last: number | null = null;
  let wasRepeated = false;
  for (const row of rows) {
    const byOrder = timeReadings(columns.cell(row, TIME))?.byOrder;
    const local = order === null ? undefined : byOrder?.get(order);
    if (local === undefined) continue;
    const isRepeated = zone.instantsOf(local).length > 1;
    // Within a repeated hour the clocks go back, whichever way time runs.
    if (!(isRepeated && wasRepeated)) {
      if (last !== null && local > last) rises += 1;
      if (last !== null && local < last) falls += 1;
    }
    last = local;
    wasRepeated = isRepeated;
  }
  if ((rises === 0) === (falls === 0)) return null;
  return rises > 0 ? 'oldest-first' : 'newest-first';
}

/**
 * When clocks are put back, an hour comes twice. Tells its first pass from its second by the order of the
 * rows: time runs one way, so the second pass begins where it seems to turn. If it never does, the pass stays
 * unknown.
 */
export class RepeatedHours {
  readonly #order: RowOrder | null;
  #held: { row: Row; local: number }[] = [];

  /** @param order the direction of time in the file */
  constructor(order: RowOrder | null) {
    this.#order = order;
  }

  /** @returns the rows settled by this one, as far as they can be */
  *add(row: Row): Generator<Row, void, undefined> {
    const local = row.repeated(TIME);
    if (local !== null) this.#held.push({ row, local });
    if (local === null || this.#held.length === MAX_HELD) yield* this.end();
    if (local === null) yield row;
  }

  /** The remaining rows. */
  *end(): Generator<Row, void, undefined> {
    const held = this.#held;
    this.#held = [];
    const turns = held.flatMap(({ local }, index) => {
      const before = held[index - 1]?.local ?? local;
      const isTurn = this.#order === 'oldest-first' ? local < before : local > before;
      return isTurn ? [index] : [];
    });
    const [turn] = turns;
    const isProved =
      this.#order !== null && turn !== undefined && turns.length === 1 && held.length < MAX_HELD;
    for (const [index, { row }] of held.entries()) {
      if (isProved) row.pass = index < turn === (this.#order === 'oldest-first') ? 'first' : 'second';
      yield row;
    }
  }
}
