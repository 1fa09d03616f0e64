import assert from 'node:assert/strict';
import { z } from 'zod';
import { schemaFault } from '../../lib/schema-fault.ts';

const schema = z.strictObject({
  name: z.string().min(1).max(5),
  count: z.int().min(1).max(9),
  share: z.number().gt(0),
  side: z.enum(['buy', 'sell']),
  kind: z.literal('trade'),
  items: z.array(z.string()).min(1).max(2),
  id: z.uuid(),
  email: z.email(),
  day: z.iso.date(),
  code: z.string().regex(/^[A-Z]+$/),
  own: z.string().regex(/^[A-Z]+$/, 'must be capital letters'),
  either: z.union([z.string(), z.null()]),
  flag: z.boolean(),
});

const GOOD = {
  name: 'a',
  count: 1,
  share: 0.5,
  side: 'buy',
  kind: 'trade',
  items: ['a'],
  id: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80',
  email: 'a@example.com',
  day: '2026-03-01',
  code: 'A',
  own: 'A',
  either: null,
  flag: true,
};

function faultOf(field: string, value: unknown): string | undefined {
  const { error } = schema.safeParse({ ...GOOD, [field]: value }, { error: schemaFault });
  return error?.issues[0]?.message;
}

describe('what is wrong with a value', () => {
  for (const [field, value, fault] of [
    ['name', undefined, 'is required'],
    ['name', 5, 'must be text'],
    ['name', '', 'must have at least 1 character'],
    ['name', 'abcdef', 'must have at most 5 characters'],
    ['count', 0, 'must be at least 1'],
    ['count', 10, 'must be at most 9'],
    ['count', 1.5, 'must be a whole number'],
    ['count', '1', 'must be a number'],
    ['share', 0, 'must be greater than 0'],
    ['side', 'hold', 'must be one of: buy, sell'],
    ['side', undefined, 'is required'],
    ['kind', 'fee', 'must be trade'],
    ['items', {}, 'must be a list'],
    ['items', [], 'must have at least 1 item'],
    ['items', ['a', 'b', 'c'], 'must have at most 2 items'],
    ['id', '7', 'must be a UUID'],
    ['email', '7', 'must be an e-mail address'],
    ['day', '7', 'must be a date such as 2026-03-01'],
    ['code', 'a', 'has the wrong form'],
    ['own', 'a', 'must be capital letters'],
    ['either', 5, 'must be text or null'],
    ['either', undefined, 'is required'],
    ['flag', 'yes', 'must be true or false'],
  ] as const) {
    it(`${JSON.stringify(value)} for ${field}: ${fault}`, () => assert.equal(faultOf(field, value), fault));
  }
});
