import assert from 'node:assert/strict';
import type { DoubledEntry } from '../../../db/accounts/doubled-entries.ts';
import { fixed } from '../../../lib/money/money.ts';
import { type Evidence, type Proposal, proposalsFor } from '../../../streams/accounts/proposals.ts';

const NOON = Date.UTC(2026, 0, 15, 12);
const NOTHING: Evidence = { exchange: 'upbit', doubled: [], firstEntryAt: NOON - 86_400_000 };

function proposals(
  [exchange, ledger]: [string, string],
  {
    asset = 'BTC',
    agreedAt = (NOON - 60_000) as number | null,
    ...evidence
  }: Partial<Evidence> & {
    asset?: string;
    agreedAt?: number | null;
  } = {},
): Proposal[] {
  const balance = {
    asset,
    exchangeAmount: fixed(exchange),
    ledgerAmount: fixed(ledger),
    checkedAt: NOON + 5_000,
    agreedAt,
    differsSince: NOON,
  };
  return proposalsFor(balance, NOON, { ...NOTHING, ...evidence });
}

function ids(list: readonly Proposal[]): string[] {
  return list.map(({ id }) => id);
}

function doubled(id: string, amount: string, asset = 'BTC'): DoubledEntry {
  return { id, moves: new Map([[asset, fixed(amount)]]) };
}

describe('the proposals for a balance that differs', () => {
  it('book exactly the difference, each within the time when it came or went', () => {
    for (const { books } of [...proposals(['3', '1.5']), ...proposals(['1.5', '3'])]) {
      assert.ok(books !== null);
      const { kind, quantity, time } = books;
      const sign = kind === 'withdrawal' || kind === 'fee' ? -1n : 1n;
      assert.ok([fixed('1.5'), -fixed('1.5')].includes(sign * quantity));
      assert.ok(time > NOON - 60_000 && time <= NOON);
    }
    const [came] = proposals(['3', '1.5']);
    const [went] = proposals(['1.5', '3']);
    assert.deepEqual([came?.books?.time, went?.books?.time], [NOON - 60_000 + 1, NOON]);
  });

  it('are no opening balance once the two have agreed, nor of less than nothing', () => {
    assert.ok(!ids(proposals(['3', '1'])).includes('opening'));
    assert.equal(ids(proposals(['3', '1'], { agreedAt: null }))[0], 'opening');
    assert.ok(!ids(proposals(['1', '3'], { agreedAt: null })).includes('opening'));
  });

  it('put an opening balance before the first entry', () => {
    const [opening] = proposals(['3', '1'], { agreedAt: null, firstEntryAt: NOON - 500 });
    assert.equal(opening?.books?.time, NOON - 501);
    const [alone] = proposals(['3', '0'], { agreedAt: null, firstEntryAt: null });
    assert.equal(alone?.books?.time, NOON);
  });

  it('know that money is paid interest, and is not staked', () => {
    assert.deepEqual(ids(proposals(['3', '1'], { asset: 'KRW' })), [
      'reward-interest',
      'deposit',
      'correction',
    ]);
  });

  it('remove what was booked twice only if that explains the whole of it', () => {
    const list = [doubled('a', '0.5'), doubled('b', '0.3'), doubled('c', '9', 'ETH')];
    assert.deepEqual(ids(proposals(['1', '1.5'], { doubled: list })).slice(0, 2), [
      'doubled-a',
      'withdrawal',
    ]);
    const [all] = proposals(['1', '1.8'], { doubled: list });
    assert.deepEqual([all?.id, all?.removes], ['doubled', ['a', 'b']]);
    assert.equal(ids(proposals(['1', '1.7'], { doubled: list }))[0], 'withdrawal');
    // A sale that was booked twice leaves too little.
    assert.equal(ids(proposals(['1', '0.5'], { doubled: [doubled('s', '-0.5')] }))[0], 'doubled-s');
  });
});
