import assert from 'node:assert/strict';
import { withoutParameters } from '../../../lib/text/accept.ts';

describe('an Accept header without parameters', () => {
  for (const [given, expected] of [
    ['text/event-stream; charset=utf-8', 'text/event-stream'],
    ['text/event-stream;charset=utf-8;q=0.5, */*;q=0.1', 'text/event-stream;q=0.5, */*;q=0.1'],
    ['text/event-stream;Q=0.3;level=1', 'text/event-stream;Q=0.3'],
    ['text/event-stream; title="a, b; q=0"; q=1', 'text/event-stream; q=1'],
    ['text/event-stream; title="a\\"; q=0"', 'text/event-stream'],
    ['text/event-stream; flag', 'text/event-stream'],
    ['text/event-stream;', 'text/event-stream'],
    ['text/html, application/xhtml+xml', 'text/html, application/xhtml+xml'],
    ['', ''],
  ] as const) {
    it(given || 'an empty one', () => assert.equal(withoutParameters(given), expected));
  }

  it('takes no long time over a hostile one', () => {
    for (const piece of [';a="', ';a=', ';"', '; ', ';a="\\', '\\";a="'])
      withoutParameters(piece.repeat(4_000));
  });
});
