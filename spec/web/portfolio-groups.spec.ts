import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { groupsOf, totalOf } from '../../web/overview/portfolio-groups.ts';

const figures = (...values: (string | null | undefined)[]) =>
  values.map((value, index) => ({ name: `p${index}`, value }));

const portfolio = (id: string, baseCurrency: string, simulated: boolean) => ({
  id,
  baseCurrency,
  simulated,
});

const SCALE = 10n ** 18n;

/** Of an integer number of 10⁻¹⁸. */
function decimal(units: bigint): string {
  const [size, minus] = units < 0n ? [-units, '-'] : [units, ''];
  const part = String(size % SCALE)
    .padStart(18, '0')
    .replace(/0+$/, '');
  return `${minus}${size / SCALE}${part === '' ? '' : `.${part}`}`;
}

describe('the totals of portfolios', () => {
  it('add up to the last digit', () => {
    const amount = fc.bigInt({ min: -(10n ** 36n), max: 10n ** 36n });
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 8 }), (amounts) => {
        const total = amounts.reduce((sum, each) => sum + each, 0n);
        assert.equal(totalOf(figures(...amounts.map(decimal))).value, decimal(total));
      }),
      { numRuns: 200 },
    );
  });

  it('are not known while one figure is not, and say whose it is', () => {
    assert.deepEqual(totalOf(figures('1', null, '2')), { value: null, unknown: ['p1'] });
    assert.deepEqual(totalOf(figures('1', undefined)), { value: undefined, unknown: [] });
  });

  it('mix neither currencies nor made-up prices with real ones', () => {
    const groups = groupsOf([
      portfolio('a', 'KRW', false),
      portfolio('b', 'USDT', false),
      portfolio('c', 'KRW', true),
      portfolio('d', 'KRW', false),
    ]);
    assert.deepEqual(
      groups.map(({ portfolios }) => portfolios.map(({ id }) => id)),
      [['a', 'd'], ['b'], ['c']],
    );
  });
});
