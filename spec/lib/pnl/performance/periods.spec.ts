import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Fixed } from '../../../../lib/money/money.ts';
import { ONE, fixed } from '../../../../lib/money/money.ts';
import type { Calendar, PeriodInterval } from '../../../../lib/pnl/performance/calendar.ts';
import { calendarOf } from '../../../../lib/pnl/performance/calendar.ts';
import type { LedgerEntry, PortfolioTerms } from '../../../../lib/pnl/ledger/entry.ts';
import { totalsAt } from '../../../../lib/pnl/valuation/marking.ts';
import type { PeriodPnl } from '../../../../lib/pnl/performance/periods.ts';
import { boundariesOf, periodBody, periodPnl, periodPnls } from '../../../../lib/pnl/performance/periods.ts';
import type { TotalsAt } from '../../../../lib/pnl/ledger/totals.ts';
import type { PriceSource } from '../../../../lib/pnl/valuation/valuation.ts';
import { indexSymbols } from '../../../../lib/pnl/valuation/valuation.ts';
import { foldAll, ledger, terms as anyTerms } from '../ledger-arbitraries.ts';
import { ZONES } from '../zones.ts';

const YEAR = 2024;
const SYMBOLS = indexSymbols(['BTC/KRW', 'ETH/KRW', 'XRP/KRW', 'USDT/KRW', 'BNB/KRW']);

/** A price for every symbol that is another one every hour. */
function pricesAt(time: number): PriceSource {
  const hour = BigInt(Math.floor(time / 3_600_000));
  return (symbol) => ({
    price: ((hour * 7919n) % 1009n) * ONE + BigInt(symbol.charCodeAt(0)) * 10n ** 9n,
    time,
  });
}

/** Spreads a ledger of a few hours over the year, so that clock changes fall into it. */
function spread(entries: LedgerEntry[], zone: string): LedgerEntry[] {
  const { start, end } = calendarOf(zone).periodAt(Date.UTC(YEAR, 5), 'year');
  return entries.map((entry) => {
    const share = (entry.time - Date.UTC(2024, 0, 1)) / (40 * 3_600_000);
    return { ...entry, time: Math.min(end - 1, Math.round(start + share * (end - start))) };
  });
}

function totalsBefore(entries: LedgerEntry[], terms: PortfolioTerms, time: number): TotalsAt {
  const before = entries.filter((entry) => entry.time < time);
  return { time, ...totalsAt(foldAll(before, terms), terms, pricesAt(time), SYMBOLS) };
}

function pnlsOf(
  entries: LedgerEntry[],
  terms: PortfolioTerms,
  calendar: Calendar,
  interval: PeriodInterval,
): PeriodPnl[] {
  const year = calendar.periodAt(Date.UTC(YEAR, 5), 'year');
  const times = boundariesOf(calendar.periods(year.start, year.end, interval));
  return periodPnls(times.map((time) => totalsBefore(entries, terms, time)));
}

type Figure = 'pnl' | 'netFlows' | 'realisedNet' | 'unrealisedChange' | 'fees' | 'income';

function sum(pnls: readonly PeriodPnl[], figure: Figure): Fixed {
  return pnls.reduce((total, pnl) => total + (pnl[figure] ?? assert.fail(`${figure} is known`)), 0n);
}

describe('period PnL', () => {
  for (const zone of ZONES) {
    it(`adds up exactly from days to months to the year in ${zone}`, () => {
      fc.assert(
        fc.property(ledger, anyTerms, (drawn, terms) => {
          const calendar = calendarOf(zone);
          // Most ledgers here are small: equity is wanted at 367 instants.
          const entries = spread(drawn.slice(0, 6), zone);
          const [year] = pnlsOf(entries, terms, calendar, 'year');
          assert.ok(year);
          const months = pnlsOf(entries, terms, calendar, 'month');
          const days = pnlsOf(entries, terms, calendar, 'day');
          assert.deepEqual([months.length, days.length], [12, 366]);
          for (const figure of [
            'pnl',
            'netFlows',
            'realisedNet',
            'unrealisedChange',
            'fees',
            'income',
          ] as const) {
            assert.equal(sum(months, figure), year[figure]);
            for (const month of months) {
              const own = days.filter(({ start }) => start >= month.start && start < month.end);
              assert.equal(sum(own, figure), month[figure]);
            }
          }
          for (const day of days) {
            assert.equal(day.pnl, (day.endEquity ?? 0n) - (day.startEquity ?? 0n) - (day.netFlows ?? 0n));
            assert.equal(
              day.pnl,
              sum([day], 'realisedNet') + sum([day], 'unrealisedChange') + sum([day], 'income'),
            );
          }
        }),
        { numRuns: 3 },
      );
    });
  }

  const at = (
    time: number,
    equity: string | null,
    contributions = '0',
    inflows = contributions,
  ): TotalsAt => ({
    time,
    cash: 0n,
    costBasis: 0n,
    contributions: fixed(contributions),
    inflows: fixed(inflows),
    realisedGross: 0n,
    realisedNet: 0n,
    fees: 0n,
    income: 0n,
    transferred: 0n,
    marketValue: 0n,
    unrealised: 0n,
    totalPnl: 0n,
    equity: equity === null ? null : fixed(equity),
  });

  it('is not known where equity is not, and is again after that', () => {
    const pnls = periodPnls([at(0, '1'), at(1, null), at(2, '4'), at(3, '6')]);
    assert.deepEqual(
      pnls.map(({ pnl }) => pnl),
      [null, null, fixed('2')],
    );
  });

  it('leaves out what was brought in, and refers its rate to it', () => {
    const body = periodBody(
      periodPnl(at(0, '100', '100'), at(86_400_000, '230', '180', '200')),
      '1970-01-01',
    );
    assert.deepEqual(
      [body.label, body.start, body.end, body.netFlows, body.pnl, body.rate],
      ['1970-01-01', '1970-01-01T00:00:00.000Z', '1970-01-02T00:00:00.000Z', '80', '50', '0.25'],
    );
  });

  it('needs one boundary more than there are periods', () => {
    const days = calendarOf('Asia/Seoul').periods(0, 3 * 86_400_000 - 1, 'day');
    assert.equal(boundariesOf(days).length, days.length + 1);
    assert.deepEqual(boundariesOf([]), []);
  });
});
