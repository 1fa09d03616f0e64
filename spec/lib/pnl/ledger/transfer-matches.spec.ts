import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  EARLIEST_MS,
  LATEST_MS,
  MATCHES_PER_WITHDRAWAL,
  type OpenMovement,
  transferMatches,
} from '../../../../lib/pnl/ledger/transfer-matches.ts';
import { fixed } from '../../../../lib/money/money.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 2, 1, 12);

function movement(kind: OpenMovement['kind'], id: string, more: Partial<OpenMovement> = {}): OpenMovement {
  return { kind, id, portfolioId: 'p', asset: 'ETH', quantity: fixed('1'), time: NOON, ...more };
}
const out = (id: string, more: Partial<OpenMovement> = {}): OpenMovement => movement('withdrawal', id, more);
const into = (id: string, more: Partial<OpenMovement> = {}): OpenMovement =>
  movement('deposit', id, { time: NOON + HOUR, ...more });

/** `withdrawal>deposit reason`, with `!` if it is sure. */
function told(movements: OpenMovement[], isRejected?: (withdrawal: string, deposit: string) => boolean) {
  return transferMatches(movements, isRejected).map(
    ({ withdrawal, deposit, reason, sure }) => `${withdrawal.id}>${deposit.id} ${reason}${sure ? '!' : ''}`,
  );
}

describe('a withdrawal finds the deposit that it arrived as', () => {
  it('surely, by the transaction that both name, whenever it came and whatever the fee', () => {
    const late = { txid: '0xa', time: NOON + 90 * 24 * HOUR, quantity: fixed('0.5') };
    assert.deepEqual(told([out('w', { txid: '0xa' }), into('d', late)]), ['w>d txid!']);
    const more = { txid: '0xa', quantity: fixed('1.1') };
    assert.deepEqual(told([out('w', { txid: '0xa' }), into('d', more)]), [], 'more than has left');
  });

  it('before any that only has the same quantity', () => {
    const movements = [out('w', { txid: '0xa' }), into('d', { txid: '0xa' }), into('e'), out('v')];
    assert.deepEqual(told(movements), ['v>e quantity!', 'w>d txid!']);
  });

  it('surely, by the quantity to the last digit, if no other entry fits either', () => {
    assert.deepEqual(told([out('w'), into('d')]), ['w>d quantity!']);
    assert.deepEqual(told([out('w'), into('d'), into('e')]), ['w>d quantity', 'w>e quantity']);
    assert.deepEqual(told([out('v'), out('w'), into('d')]), ['v>d quantity', 'w>d quantity']);
    assert.deepEqual(told([out('w'), into('d', { asset: 'BTC' })]), []);
  });

  it('never surely by a quantity that is a little less, and not by one that is much less', () => {
    assert.deepEqual(told([out('w'), into('d', { quantity: fixed('0.95') })]), ['w>d quantity-less-fee']);
    assert.deepEqual(told([out('w'), into('d', { quantity: fixed('0.949999999999999999') })]), []);
    assert.deepEqual(told([out('w'), into('d', { quantity: fixed('1.000000000000000001') })]), []);
  });

  it('within the time that transfers take, both ends included', () => {
    for (const after of [EARLIEST_MS, LATEST_MS]) {
      assert.deepEqual(told([out('w'), into('d', { time: NOON + after })]), ['w>d quantity!']);
    }
    for (const after of [EARLIEST_MS - 1, LATEST_MS + 1]) {
      assert.deepEqual(told([out('w'), into('d', { time: NOON + after })]), []);
    }
  });

  it('at another place, or one that is not known, and not in another transaction', () => {
    const place = { place: 'upbit' };
    assert.deepEqual(told([out('w', place), into('d', place)]), []);
    assert.deepEqual(told([out('w', place), into('d')]), ['w>d quantity!']);
    assert.deepEqual(told([out('w', place), into('d', { place: 'wallet' })]), ['w>d quantity!']);
    assert.deepEqual(told([out('w', { txid: '0xa' }), into('d', { txid: '0xb' })]), []);
    assert.deepEqual(told([out('w', { txid: '0xa' }), into('d')]), ['w>d quantity!']);
  });

  it('among those that are not rejected', () => {
    const movements = [out('w'), into('d'), into('e')];
    assert.deepEqual(
      told(movements, (_, deposit) => deposit === 'd'),
      ['w>e quantity!'],
    );
  });

  it('among the nearest of many, which are counted', () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      into(`d${String(index).padStart(2, '0')}`, { time: NOON + index * HOUR }),
    );
    const matches = transferMatches([out('w'), ...many]);
    assert.deepEqual(
      matches.map(({ deposit }) => deposit.id),
      many.slice(0, MATCHES_PER_WITHDRAWAL).map(({ id }) => id),
    );
    assert.deepEqual(
      matches.map(({ deposits, withdrawals }) => [deposits, withdrawals]),
      matches.map(() => [12, 1]),
    );
  });

  it('in the order of their ids where nothing else tells two apart', () => {
    const both = ['w>d quantity', 'w>e quantity'];
    assert.deepEqual(told([out('w'), into('d'), into('e')]), both);
    assert.deepEqual(told([into('e'), into('d'), out('w')]), both);
  });

  const shape = fc.record(
    {
      kind: fc.constantFrom<OpenMovement['kind'][]>('withdrawal', 'deposit'),
      asset: fc.constantFrom('ETH', 'ETH', 'BTC'),
      quantity: fc.constantFrom('1', '1', '0.99', '2').map((text) => fixed(text)),
      time: fc.nat(100).map((hours) => NOON + hours * HOUR),
      place: fc.constantFrom('upbit', 'wallet', undefined),
      txid: fc.constantFrom(undefined, undefined, '0xa', '0xb', '0xc'),
    },
    { requiredKeys: ['kind', 'asset', 'quantity', 'time'] },
  );
  const shuffled = fc
    .array(shape, { maxLength: 14 })
    .map((shapes) =>
      shapes.map((each, index): OpenMovement => ({ ...each, id: `m${index}`, portfolioId: `p${index % 2}` })),
    )
    .chain((movements) =>
      fc.tuple(
        fc.constant(movements),
        fc.shuffledSubarray(movements, { minLength: movements.length, maxLength: movements.length }),
      ),
    );

  it('the same one, in whatever order the entries arrive', () => {
    fc.assert(
      fc.property(shuffled, ([movements, others]) => {
        assert.deepEqual(transferMatches(others), transferMatches(movements));
      }),
      { numRuns: 500 },
    );
  });

  it('and no entry is in a sure match and in another', () => {
    fc.assert(
      fc.property(shuffled, ([movements]) => {
        const matches = transferMatches(movements);
        for (const { withdrawal, deposit } of matches.filter(({ sure }) => sure)) {
          const others = matches.filter(
            (other) => other.withdrawal.id === withdrawal.id || other.deposit.id === deposit.id,
          );
          assert.equal(others.length, 1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
