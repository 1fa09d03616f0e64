import assert from 'node:assert/strict';
import { plain } from '../../../lib/text/plain-number.ts';

describe('figures in exponent form', () => {
  it('become plain decimals', () => {
    assert.equal(plain('5.673e-05'), '0.00005673');
    assert.equal(plain('1e-8'), '0.00000001');
    assert.equal(plain('1.5E+3'), '1500');
    assert.equal(plain('12.345e1'), '123.45');
    assert.equal(plain('0.1'), '0.1');
  });
});
