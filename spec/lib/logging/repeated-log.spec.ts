import assert from 'node:assert/strict';
import { createLogger } from '../../../lib/logging/log.ts';
import { RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a message that repeats itself', () => {
  it('is logged at once, and then once a minute, with how often it was not', async () => {
    const clock = new VirtualClock();
    const lines: [string, unknown][] = [];
    const log = createLogger('info', {
      write(line) {
        const { msg, n, repeated } = JSON.parse(line) as Record<string, unknown>;
        lines.push([String(msg), repeated === undefined ? n : [n, repeated]]);
      },
    });
    const repeated = new RepeatedLog(log, clock);
    for (let n = 0; n < 150; n += 1) {
      repeated.warn({ n }, 'away');
      if (n % 50 === 0) repeated.warn({ n }, 'away', 'another cause');
      await clock.advance(1_000);
    }
    assert.deepEqual(lines, [
      ['away', 0],
      ['away', 0],
      ['away', [60, 59]],
      ['away', [100, 1]],
      ['away', [120, 59]],
    ]);
    assert.equal(clock.pending, 0);
  });

  it('is remembered among the newest of a hundred', () => {
    const lines: string[] = [];
    const log = createLogger('info', { write: (line) => void lines.push(line) });
    const repeated = new RepeatedLog(log, new VirtualClock());
    for (let n = 0; n < 101; n += 1) repeated.error({}, `message ${n}`);
    repeated.error({}, 'message 100');
    repeated.error({}, 'message 0');
    assert.equal(lines.length, 102);
  });
});
