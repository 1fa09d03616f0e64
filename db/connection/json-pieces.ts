import { TimeSlice } from '../../lib/async/time-slice.ts';

/**
 * The most rows of one statement, and characters of their JSON: all other statements of the embedded database
 * wait for it.
 */
const ROWS = 250;
const CHARACTERS = 131_072;

/**
 * Rows as JSON arrays, each small enough for one statement (`json_to_recordset`). Others get a turn from time to time,
 * since rows may be produced on demand, which may cost as much as writing them.
 */
export async function* jsonPieces(rows: Iterable<object>): AsyncGenerator<string, void, undefined> {
  let texts: string[] = [];
  let characters = 0;
  const slice = new TimeSlice();
  for (const row of rows) {
    const text = JSON.stringify(row);
    texts.push(text);
    characters += text.length;
    if (slice.isOver) await slice.next();
    if (texts.length < ROWS && characters < CHARACTERS) continue;
    yield `[${texts.join(',')}]`;
    texts = [];
    characters = 0;
  }
  if (texts.length > 0) yield `[${texts.join(',')}]`;
}
