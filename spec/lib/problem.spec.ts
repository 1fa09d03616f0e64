import assert from 'node:assert/strict';
import { problem, PROBLEMS } from '../../lib/problem.ts';

const SENTENCE = /^[A-Z].*\.$/;

describe('a problem', () => {
  it('has a title that is a sentence', () => {
    for (const [slug, [, title]] of Object.entries(PROBLEMS)) assert.match(title, SENTENCE, slug);
  });

  it('makes a sentence of what is wrong with a field, about that field', () => {
    const { errors } = problem('invalid-request', {
      errors: [
        { pointer: '/items/3/fee/amount', detail: 'must not be negative' },
        { parameter: 'from', detail: 'is after `to`' },
        { line: 2, column: 'Qty', detail: 'is not a number' },
        { line: 4, detail: 'is not a trade' },
        { pointer: '', detail: 'must be an object' },
        { pointer: '/x', detail: 'A sentence of its own.' },
      ],
    });
    assert.deepEqual(
      errors?.map(({ detail }) => detail),
      [
        '`items/3/fee/amount` must not be negative.',
        '`from` is after `to`.',
        '`Qty` is not a number.',
        'The row is not a trade.',
        'The body must be an object.',
        'A sentence of its own.',
      ],
    );
  });

  it('says what is wrong with its only field', () => {
    const { detail } = problem('invalid-request', {
      errors: [{ pointer: '/time', detail: 'is in the future' }],
    });
    assert.equal(detail, '`time` is in the future.');
  });

  it('names every field that is wrong', () => {
    const { detail } = problem('invalid-request', {
      errors: [
        { pointer: '/time', detail: 'is in the future' },
        { pointer: '/price', detail: 'is required' },
        { pointer: '/side', detail: 'is required' },
      ],
    });
    assert.equal(detail, '`time` is in the future. These are not valid either: `price`, `side`.');
  });

  it('keeps the detail that it is given', () => {
    const { detail } = problem('invalid-request', {
      detail: 'The file is too long.',
      errors: [{ line: 9, detail: 'is one too many' }],
    });
    assert.equal(detail, 'The file is too long.');
  });
});
