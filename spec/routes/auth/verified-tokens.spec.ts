import assert from 'node:assert/strict';
import type { Caller } from '../../../lib/tokens/caller.ts';
import { VerifiedTokens } from '../../../routes/auth/verified-tokens.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('tokens that were verified', () => {
  const clock = new VirtualClock();
  const caller = (ttlMs: number): Caller => ({
    userId: 'u',
    sessionId: 's',
    role: 'trader',
    scopes: ['read'],
    expiresAt: clock.now() + ttlMs,
  });

  it('are known until their time is over, and no other is', async () => {
    const tokens = new VerifiedTokens(clock);
    const known = caller(60_000);
    tokens.add('a.b.c', known);
    assert.equal(tokens.callerOf('a.b.c'), known);
    for (const other of ['a.b.C', 'a.b.', 'a.b.c ', '', '__proto__'])
      assert.equal(tokens.callerOf(other), null);
    await clock.advance(59_999);
    assert.equal(tokens.callerOf('a.b.c'), known);
    await clock.advance(1);
    assert.equal(tokens.callerOf('a.b.c'), null);
  });

  it('are bounded: the first goes', () => {
    const tokens = new VerifiedTokens(clock);
    for (let n = 0; n < 10_000; n += 1) tokens.add(`t${n}`, caller(60_000));
    let known = 0;
    for (let n = 0; n < 10_000; n += 1) if (tokens.callerOf(`t${n}`) !== null) known += 1;
    assert.equal(known, 2_000);
    assert.equal(tokens.callerOf('t0'), null);
    assert.notEqual(tokens.callerOf('t9999'), null);
  });
});
