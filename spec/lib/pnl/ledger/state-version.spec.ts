import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { COST_METHODS } from '../../../../lib/pnl/ledger/cost-method.ts';
import { encodeState, STATE_VERSION } from '../../../../lib/pnl/ledger/state-json.ts';
import { foldAll, ledger } from '../ledger-arbitraries.ts';

/** What the fold makes of the same 300 random ledgers, by version of the stored states. */
const DIGESTS: Record<number, string> = {
  6: '76f42ecd2f2353f9',
};

describe('the version of the stored states', () => {
  it('is raised whenever the fold gives another result, so that stored states are folded again', () => {
    const hash = createHash('sha256');
    for (const entries of fc.sample(ledger, { numRuns: 300, seed: 1 })) {
      for (const costMethod of COST_METHODS) {
        for (const cashMode of ['tracked', 'untracked'] as const) {
          const states = foldAll(entries, { baseCurrency: 'KRW', costMethod, cashMode, simulated: false });
          for (const state of states) hash.update(JSON.stringify({ ...encodeState(state), v: null }));
        }
      }
    }
    const digest = hash.digest('hex').slice(0, 16);
    const hint = 'The fold has changed: raise STATE_VERSION and note the new digest here.';
    assert.equal(DIGESTS[STATE_VERSION], digest, hint);
  });
});
