import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { PeriodInterval } from '../../../../lib/pnl/performance/calendar.ts';
import {
  PERIOD_INTERVALS,
  calendarOf,
  isTimeZone,
  periods,
  startOfDay,
} from '../../../../lib/pnl/performance/calendar.ts';
import { localText as wall } from '../../../support/local-text.ts';
import { ZONES } from '../zones.ts';

const HOUR = 3_600_000;

const hours = (date: string, zone: string): number => {
  const { start, end } = calendarOf(zone).periodAt(startOfDay(Date.parse(`${date}T12:00:00Z`), zone), 'day');
  return (end - start) / HOUR;
};

describe('the calendar of a time zone', () => {
  it('begins the day at local midnight', () => {
    const noon = Date.parse('2024-03-10T12:00:00Z');
    assert.equal(new Date(startOfDay(noon, 'Asia/Seoul')).toISOString(), '2024-03-09T15:00:00.000Z');
    assert.equal(new Date(startOfDay(noon, 'UTC')).toISOString(), '2024-03-10T00:00:00.000Z');
    assert.equal(new Date(startOfDay(noon, 'Asia/Kathmandu')).toISOString(), '2024-03-09T18:15:00.000Z');
  });

  it('has days of 23 and 25 hours where clocks change', () => {
    assert.equal(hours('2024-03-31', 'Europe/Berlin'), 23);
    assert.equal(hours('2024-10-27', 'Europe/Berlin'), 25);
    assert.equal(hours('2024-03-10', 'America/New_York'), 23);
    assert.equal(hours('2024-11-03', 'America/New_York'), 25);
    assert.equal(hours('2024-10-06', 'Australia/Lord_Howe'), 23.5);
    assert.equal(hours('2024-03-31', 'Asia/Seoul'), 24);
  });

  it('begins a day whose midnight does not exist with its first instant', () => {
    // Clocks went from 00:00 to 01:00.
    const start = startOfDay(Date.parse('2018-11-04T15:00:00Z'), 'America/Sao_Paulo');
    assert.equal(new Date(start).toISOString(), '2018-11-04T03:00:00.000Z');
    assert.equal(wall(start, 'America/Sao_Paulo'), '2018-11-04 01:00:00');
  });

  it('begins a day whose midnight comes twice with the first', () => {
    // Clocks went back from 01:00 to 00:00.
    const start = startOfDay(Date.parse('2024-11-03T15:00:00Z'), 'America/Havana');
    assert.equal(new Date(start).toISOString(), '2024-11-03T04:00:00.000Z');
    assert.equal(hours('2024-11-03', 'America/Havana'), 25);
  });

  it('does not go back to yesterday when the clocks do, just after midnight', () => {
    // Clocks went back from 00:01 on the 7th to 23:01 on the 6th.
    const zone = 'America/St_Johns';
    const again = Date.parse('2010-11-07T03:00:00Z');
    assert.equal(wall(again, zone), '2010-11-06 23:30:00');
    assert.equal(calendarOf(zone).periodAt(again, 'day').label, '2010-11-07');
  });

  it('leaves out a date that a zone skipped', () => {
    const days = periods(
      Date.parse('2011-12-28T12:00:00Z'),
      Date.parse('2012-01-02T12:00:00Z'),
      'day',
      'Pacific/Apia',
    );
    assert.deepEqual(
      days.map(({ label }) => label),
      ['2011-12-28', '2011-12-29', '2011-12-31', '2012-01-01', '2012-01-02', '2012-01-03'],
    );
  });

  it('begins weeks on Monday, months and years with their first day', () => {
    const at = Date.parse('2024-02-29T12:00:00Z');
    const labels = PERIOD_INTERVALS.map((interval) => calendarOf('Asia/Seoul').periodAt(at, interval).label);
    assert.deepEqual(labels, ['2024-02-29', '2024-02-26', '2024-02-01', '2024-01-01']);
    assert.equal(calendarOf('UTC').periodAt(Date.parse('1969-12-28T00:00:00Z'), 'week').label, '1969-12-22');
  });

  it('knows which names are time zones', () => {
    assert.ok(isTimeZone('Asia/Seoul'));
    for (const name of ['Mars/Olympus', '', 'Asia']) assert.ok(!isTimeZone(name), name);
  });

  it('refuses to list more periods than anyone could want', () => {
    assert.throws(() => periods(0, 8e15, 'day', 'UTC'), RangeError);
    assert.deepEqual(periods(5, 5, 'day', 'UTC'), []);
  });

  const time = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2035, 0) });
  for (const zone of ZONES) {
    it(`cuts time without gap or overlap in ${zone}`, () => {
      fc.assert(
        fc.property(
          time,
          fc.integer({ min: 1, max: 800 * 24 * HOUR }),
          fc.constantFrom<PeriodInterval>(...PERIOD_INTERVALS),
          (from, span, interval) => {
            const found = periods(from, from + span, interval, zone);
            const first = found[0];
            const last = found.at(-1);
            assert.ok(
              first && last && first.start <= from && last.end >= from + span && last.start < from + span,
            );
            found.forEach((period, index) => {
              assert.ok(period.end > period.start);
              const next = found[index + 1];
              if (next !== undefined) assert.equal(next.start, period.end);
            });
          },
        ),
        { numRuns: 30 },
      );
      fc.assert(
        fc.property(time, (instant) => {
          const { start, end } = calendarOf(zone).periodAt(instant, 'day');
          assert.ok(start <= instant && instant < end);
          const { label } = calendarOf(zone).periodAt(instant, 'day');
          assert.equal(wall(start, zone).slice(0, 10), label, 'it begins on its own date');
          assert.ok(wall(start - 1, zone).slice(0, 10) < label, 'and not before');
        }),
        { numRuns: 60 },
      );
    });
  }

  it('seldom reads the clock of a zone, which is what a long span costs', () => {
    let readings = 0;
    const { prototype } = Intl.DateTimeFormat;
    const own = Object.getOwnPropertyDescriptor(prototype, 'format');
    assert.ok(own?.get);
    const read = own.get;
    Object.defineProperty(prototype, 'format', {
      ...own,
      get() {
        const format = read.call(this) as (time: number) => string;
        return (time: number) => {
          readings += 1;
          return format(time);
        };
      },
    });
    try {
      // Names that no other test has asked for.
      for (const [zone, days] of [
        ['Europe/Vienna', 9_131],
        ['America/Argentina/Tucuman', 9_131],
      ] as const) {
        readings = 0;
        assert.equal(
          periods(Date.UTC(2000, 0, 1, 12), Date.UTC(2024, 11, 31, 12), 'day', zone).length,
          days + 1,
        );
        assert.ok(readings > 1_000 && readings < 3_000, `${readings} readings`);
      }
    } finally {
      Object.defineProperty(prototype, 'format', own);
    }
  });

  it('sees each change of the clocks, also two that are a week apart', () => {
    // The shortest summer there has been since 1970.
    const zone = 'America/Boa_Vista';
    const days = periods(Date.UTC(2000, 9, 1, 12), Date.UTC(2000, 9, 20, 12), 'day', zone);
    const lengths = days.map(({ label, start, end }) => [label, (end - start) / HOUR] as const);
    assert.deepEqual(
      lengths.filter(([, length]) => length !== 24),
      [
        ['2000-10-08', 23],
        ['2000-10-14', 25],
      ],
    );
  });

  it('stops at a number of periods, and finds the newest ones without those before', () => {
    const calendar = calendarOf('Europe/Berlin');
    const [from, to] = [Date.UTC(1990, 0, 1), Date.UTC(2026, 5, 3, 12)];
    for (const interval of ['day', 'week', 'month', 'year'] as const) {
      const all = calendar.periods(from, to, interval);
      assert.deepEqual(calendar.periods(from, to, interval, 20), all.slice(0, 20));
      assert.deepEqual(calendar.newestPeriods(from, to, interval, 20), all.slice(-20));
      assert.deepEqual(calendar.newestPeriods(from, to, interval, 1_000_000), all);
    }
    // Millions of years take no longer than a few.
    assert.equal(calendar.periods(0, 8.64e15, 'day', 3).length, 3);
    assert.equal(calendar.newestPeriods(0, 8.6e15, 'day', 3).length, 3);
  });
});
