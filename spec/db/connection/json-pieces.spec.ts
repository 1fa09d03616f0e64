import assert from 'node:assert/strict';
import { jsonPieces } from '../../../db/connection/json-pieces.ts';
import { hold, turnsOf } from '../../support/turns.ts';

describe('rows for statements', () => {
  const all = async (pieces: AsyncIterable<string>): Promise<string[]> => {
    const found: string[] = [];
    for await (const piece of pieces) found.push(piece);
    return found;
  };
  const piecesOf = (rows: Iterable<object>): Promise<string[]> => all(jsonPieces(rows));

  it('come whole and in order, in pieces that are bounded in rows and in characters', async () => {
    const small = Array.from({ length: 1_001 }, (_, id) => ({ id }));
    const pieces = await piecesOf(small);
    assert.deepEqual(
      pieces.flatMap((json) => JSON.parse(json) as unknown),
      small,
    );
    assert.deepEqual(
      pieces.map((json) => (JSON.parse(json) as unknown[]).length),
      [250, 250, 250, 250, 1],
    );
    const large = await piecesOf(Array.from({ length: 20 }, () => ({ text: 'x'.repeat(50_000) })));
    assert.ok(Math.max(...large.map(({ length }) => length)) < 200_000);
    assert.deepEqual(await piecesOf([]), []);
  });

  it('are made as they are taken, with turns for others in between', async () => {
    let made = 0;
    function* rows(): Generator<object> {
      for (; made < 1_000; made += 1) {
        hold(0.1);
        yield { made };
      }
    }
    const pieces = jsonPieces(rows());
    await pieces.next();
    assert.ok(made < 300, `${made} were made for the first piece`);
    const { turns } = await turnsOf(() => all(pieces));
    assert.ok(turns >= 6, `${turns}`);
  });
});
