import { CellError } from './cell-error.ts';
import type { DecisionOption, GroupReading, ImportFormat, RowReading } from './format.ts';
import { movesOf, sumMoves } from './legs.ts';
import type { Row } from './row.ts';

type Rows = readonly [Row, ...Row[]];

/**
 * Reads rows that belong together. If a local time occurs twice and nothing shows which one is meant, the
 * rows are read once for each pass of the repeated hour, and the two results become the options of a
 * decision.
 * @throws CellError
 */
export function readBoth(rows: Rows, format: ImportFormat): GroupReading[] {
  try {
    return format.read(rows);
  } catch (error) {
    if (!(error instanceof CellError) || error.code !== 'repeated-time') throw error;
  }
  const first = readAs('first', rows, format);
  const second = readAs('second', rows, format);
  return first.map(({ rows: own, reading }, index) => {
    const other = second[index]?.reading;
    return { rows: own, reading: other === undefined ? reading : asked(reading, other, own[0]) };
  });
}

function readAs(pass: 'first' | 'second', rows: Rows, format: ImportFormat): GroupReading[] {
  const open = rows.filter((row) => row.pass === null);
  for (const row of open) row.pass = pass;
  const readings = format.read(rows);
  for (const row of open) row.pass = null;
  return readings;
}

function asked(first: RowReading, second: RowReading, row: Row | undefined): RowReading {
  if ('ignored' in first || 'ignored' in second) return first;
  if ('decision' in first) {
    if (!('decision' in second)) return first;
    const options = [...named('first', first.decision.options), ...named('second', second.decision.options)];
    return { decision: { ...first.decision, options: [...options, NOTHING] } };
  }
  const [entry] = first.entries;
  if (entry === undefined || !('entries' in second)) return first;
  return {
    decision: {
      code: 'repeated-time',
      word: row?.text('time') ?? '',
      time: entry.time,
      exchange: entry.exchange ?? '',
      moves: sumMoves([...first.entries.flatMap(movesOf), ...(first.aside ?? [])]),
      options: [{ id: 'first', entries: first.entries }, { id: 'second', entries: second.entries }, NOTHING],
    },
  };
}

const NOTHING: DecisionOption = { id: 'nothing', entries: [] };

function named(pass: string, options: readonly DecisionOption[]): DecisionOption[] {
  return options
    .filter(({ entries }) => entries.length > 0)
    .map(({ id, entries }) => ({ id: `${pass}:${id}`, entries }));
}
