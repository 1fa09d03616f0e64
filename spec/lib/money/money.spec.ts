import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ONE, decimal, div, fixed, mul, mulDiv, round, toNumber } from '../../../lib/money/money.ts';

const units = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
const divisor = units.filter((value) => value !== 0n);

/** The integer nearest to n ÷ d, of two the even one, found by comparing distances rather than by dividing halves. */
function nearestEven(n: bigint, d: bigint): bigint {
  const distance = (candidate: bigint): bigint => {
    const difference = n - candidate * d;
    return difference < 0n ? -difference : difference;
  };
  const near = n / d;
  return [near - 1n, near, near + 1n].reduce((best, candidate) => {
    const gain = distance(best) - distance(candidate);
    if (gain > 0n) return candidate;
    return gain === 0n && candidate % 2n === 0n ? candidate : best;
  });
}

describe('exact money', () => {
  it('comes back from its text unchanged', () => {
    fc.assert(fc.property(units, (value) => assert.equal(fixed(decimal(value)), value)));
  });

  it('is written plainly: no exponent, no trailing zeros, no negative zero', () => {
    fc.assert(
      fc.property(units, (value) => assert.match(decimal(value), /^(0|-?(0\.|[1-9]\d*\.?)(\d*[1-9])?0*)$/)),
    );
    assert.equal(decimal(0n), '0');
    assert.equal(decimal(1n), '0.000000000000000001');
    assert.equal(decimal(-15n * 10n ** 17n), '-1.5');
    assert.equal(decimal(fixed('1200')), '1200');
    assert.equal(fixed('-0'), 0n);
    assert.equal(fixed('007.50'), 75n * 10n ** 17n);
  });

  it('takes plain decimals only, and none it would have to round', () => {
    for (const text of ['', ' 1', '1 ', '1e3', '.5', '5.', '+1', 'NaN', '1,5', '--1', '0x10', '1_0', '１']) {
      assert.throws(() => fixed(text), RangeError, text);
    }
    assert.throws(() => fixed('0.0000000000000000001'), RangeError);
    assert.equal(fixed('1.0000000000000000000000'), ONE, 'zeros beyond the last place are nothing to round');
  });

  it('rounds products, quotients and shares once, half to even', () => {
    fc.assert(fc.property(units, units, (a, b) => assert.equal(mul(a, b), nearestEven(a * b, ONE))));
    fc.assert(fc.property(units, divisor, (a, b) => assert.equal(div(a, b), nearestEven(a * ONE, b))));
    fc.assert(
      fc.property(units, units, divisor, (a, b, c) => assert.equal(mulDiv(a, b, c), nearestEven(a * b, c))),
    );
  });

  it('rounds ties to the even neighbour', () => {
    const half = ONE / 2n;
    assert.deepEqual(
      [1n, 3n, 5n, -1n, -3n].map((value) => mul(value, half)),
      [0n, 2n, 2n, 0n, -2n],
    );
  });

  it('rounds to fewer places for display', () => {
    fc.assert(
      fc.property(units, fc.integer({ min: 0, max: 18 }), (value, places) => {
        const step = 10n ** BigInt(18 - places);
        assert.equal(round(value, places), nearestEven(value, step) * step);
      }),
    );
  });

  it('becomes the nearest double for statistics', () => {
    assert.equal(toNumber(fixed('0.1')), 0.1);
    assert.equal(toNumber(fixed('-123456789.125')), -123456789.125);
  });
});
