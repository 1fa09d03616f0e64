import assert from 'node:assert/strict';
import { formatTrace, traceOf } from '../../../routes/middleware/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('a trace context', () => {
  it('goes on with the trace of the caller, under a span of its own', () => {
    const context = traceOf(`00-${TRACE}-${PARENT}-01`);
    assert.equal(context.traceId, TRACE);
    assert.match(context.spanId, /^[0-9a-f]{16}$/);
    assert.notEqual(context.spanId, PARENT);
    assert.equal(context.isSampled, true);
    assert.equal(formatTrace(context), `00-${TRACE}-${context.spanId}-01`);
  });

  it('reads of a later version what it knows: no other flag than that of sampling is handed on', () => {
    const context = traceOf(`cc-${TRACE}-${PARENT}-fe-what-comes-later`);
    assert.deepEqual([context.traceId, context.isSampled], [TRACE, false]);
    assert.equal(formatTrace(traceOf(`00-${TRACE}-${PARENT}-ff`)).slice(-3), '-01');
  });

  for (const [what, header] of [
    ['nothing', ''],
    ['another word', 'nonsense'],
    ['upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['the version that is none', `ff-${TRACE}-${PARENT}-01`],
    ['more than its version has', `00-${TRACE}-${PARENT}-01-more`],
    ['a trace that is too short', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['two headers', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ['a line break', `00-${TRACE}-${PARENT}-01\n`],
  ] as const) {
    it(`begins a new trace on ${what}`, () => {
      const context = traceOf(header);
      assert.match(context.traceId, /^[0-9a-f]{32}$/);
      assert.notEqual(context.traceId, TRACE);
      assert.notEqual(context.traceId, traceOf(header).traceId);
      assert.equal(context.isSampled, false);
    });
  }
});
