import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { fromLocalTime, toLocalTime } from '../../web/figures/zoned-time.ts';

const ZONES = [
  'UTC',
  'Asia/Seoul',
  'Asia/Kathmandu',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
];
const SECOND_MS = 1_000;

describe('times as a clock of a zone shows them', () => {
  it('are read and written back to the same second, unless the clock shows them twice', () => {
    const instant = fc.integer({ min: 0, max: 4_000_000_000 }).map((second) => second * SECOND_MS);
    fc.assert(
      fc.property(instant, fc.constantFrom(...ZONES), (at, zone) => {
        const shown = toLocalTime(at, zone);
        const back = fromLocalTime(shown, zone);
        assert.ok(back !== null);
        assert.equal(toLocalTime(back, zone), shown);
        // What is shown twice is read as the earlier of the two, at most an hour before.
        const earlier = at - Date.parse(back);
        assert.ok(earlier >= 0 && earlier <= 3_600_000, `${earlier}`);
      }),
    );
  });

  it('leave out what the form does not show', () => {
    assert.equal(toLocalTime('2026-03-02T09:00:10.789Z', 'Asia/Seoul'), '2026-03-02T18:00:10');
    assert.equal(toLocalTime('1969-12-31T23:59:59.500Z', 'UTC'), '1969-12-31T23:59:59');
  });

  it('may be entered without seconds', () => {
    assert.equal(fromLocalTime('2026-03-02T18:00', 'Asia/Seoul'), '2026-03-02T09:00:00.000Z');
  });

  it('are the earlier one when the clock is put back, and none when it is put forward', () => {
    assert.equal(fromLocalTime('2026-11-01T01:30:00', 'America/New_York'), '2026-11-01T05:30:00.000Z');
    assert.equal(fromLocalTime('2026-03-08T02:30:00', 'America/New_York'), null);
    assert.equal(fromLocalTime('2026-03-08T03:00:00', 'America/New_York'), '2026-03-08T07:00:00.000Z');
  });

  it('are none when they are no times', () => {
    for (const text of ['', '2026-13-01T10:00:00', 'tomorrow'])
      assert.equal(fromLocalTime(text, 'UTC'), null);
  });
});
