import assert from 'node:assert/strict';
import { LateRates } from '../../../streams/portfolio/late-rates.ts';
import { watchedLogger } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the valuing of entries in an outage', () => {
  it('is logged once a minute, with a count', async () => {
    const clock = new VirtualClock();
    const lines: { msg: string; repeated?: number }[] = [];
    const rates = new LateRates({
      clock,
      logger: watchedLogger((line) => lines.push(JSON.parse(line))),
      lease: () => Promise.reject(new Error('Redis is away')),
      find: () => assert.fail('it has no lease'),
      value: () => assert.fail('it has no lease'),
    });
    // Every five seconds, and once more a minute after the first line.
    for (let n = 0; n < 13; n += 1) await clock.advance(5_000);
    await rates.close();
    const message = 'could not look for rates of entries, trying again later';
    assert.deepEqual(
      lines.map(({ msg, repeated }) => [msg, repeated]),
      [
        [message, undefined],
        [message, 11],
      ],
    );
    assert.equal(clock.pending, 0);
  });
});
