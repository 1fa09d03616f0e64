import assert from 'node:assert/strict';
import { checkPassword, hashPassword } from '../../../lib/tokens/password.ts';

describe('a password', () => {
  it('is kept as argon2id with a salt of its own', async () => {
    const [one, other] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.notEqual(one, other);
  });

  it('fits its own hash alone', async () => {
    const stored = await hashPassword('ünïcode 😀');
    assert.equal(await checkPassword(stored, 'ünïcode 😀'), true);
    for (const wrong of ['', 'ünïcode', 'ünïcode 😀 ', 'UNICODE 😀', stored]) {
      assert.equal(await checkPassword(stored, wrong), false, wrong);
    }
  });

  it('fits nobody when there is no such user, after the same work', async () => {
    assert.equal(await checkPassword(null, 'anything'), false);
    const stored = await hashPassword('correct horse');
    const [, , , cost] = stored.split('$');
    // The stand-in must be as costly as a real hash: this is what keeps the times alike.
    const source = await import('node:fs/promises').then(({ readFile }) =>
      readFile(new URL('../../../lib/tokens/password.ts', import.meta.url), 'utf8'),
    );
    assert.ok(source.includes(`$argon2id$v=19$${cost}$`));
  });

  it('does not fit what is no hash', async () => {
    for (const stored of ['', 'x', '$argon2id$v=19$m=19456,t=2,p=1$', 'correct horse']) {
      assert.equal(await checkPassword(stored, 'correct horse'), false, stored);
    }
  });
});
