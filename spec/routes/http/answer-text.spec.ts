import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { z } from 'zod';
import { answerText } from '../../../routes/http/answer-text.ts';
import { entityTag } from '../../../routes/http/conditional.ts';
import { hold, turnsOf } from '../../support/turns.ts';

const item = z.object({ name: z.string(), amount: z.string().optional() });
const list = z.object({ id: z.string(), items: z.array(item), asOf: z.string(), more: z.int().optional() });

describe('the text of an answer', () => {
  it('is the JSON of what the schema makes of the body, whatever is in it', async () => {
    const bodies = fc.record(
      {
        more: fc.nat(),
        asOf: fc.string(),
        items: fc.array(fc.record({ amount: fc.string(), name: fc.string() }, { requiredKeys: ['name'] })),
        id: fc.string(),
        surplus: fc.string(),
      },
      { requiredKeys: ['id', 'items', 'asOf'] },
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const parsed = list.parse(body);
        const text = JSON.stringify(parsed);
        assert.deepEqual(await answerText(list, body), { text, tag: entityTag(text) });
        const { asOf: _, ...rest } = parsed;
        const untagged = await answerText(list, body, ['asOf']);
        assert.deepEqual(untagged, { text, tag: entityTag(JSON.stringify(rest)) });
        const either = await answerText(z.union([z.object({ other: z.string() }), list]), body, ['asOf']);
        assert.deepEqual(either, untagged);
      }),
    );
  });

  it('lets others have a turn between the items of lists in one another', async () => {
    const slow = z.string().refine(() => {
      hold(3);
      return true;
    });
    const nested = z.object({
      items: z.array(
        z.object({ name: z.string(), parts: z.array(z.object({ slow, gone: z.never().optional() })) }),
      ),
    });
    const parts = Array.from({ length: 12 }, (_, n) => ({ slow: String(n) }));
    const body = {
      items: [
        { parts, name: 'x', surplus: 1 },
        { name: 'y', parts: [] },
      ],
    };
    const text = JSON.stringify({
      items: [
        { name: 'x', parts },
        { name: 'y', parts: [] },
      ],
    });
    let answer = '';
    const { turns } = await turnsOf(async () => {
      ({ text: answer } = await answerText(nested, body));
    });
    assert.equal(answer, text);
    assert.ok(turns >= 3, `${turns} turns`);
  });

  it('is made of other bodies as well', async () => {
    assert.equal((await answerText(z.array(z.int()), [1, 2])).text, '[1,2]');
    assert.equal((await answerText(z.null(), null)).text, 'null');
  });

  it('refuses an item that does not fit', async () => {
    await assert.rejects(answerText(list, { id: 'x', asOf: 'y', items: [{ name: 1 }] }), z.ZodError);
  });

  it('lets others have a turn between the items of a long list', async () => {
    // Each takes its time: how many there are decides nothing.
    const slow = z.object({
      items: z.array(
        z.int().refine(() => {
          hold(3);
          return true;
        }),
      ),
    });
    const { turns } = await turnsOf(() =>
      answerText(slow, { items: Array.from({ length: 12 }, (_, n) => n) }),
    );
    assert.ok(turns >= 3, `${turns} turns`);
  });
});
