import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecretsKey, SealError, SecretsKey } from '../../../lib/tokens/secrets-key.ts';
import { quiet } from '../../support/log-watch.ts';

const SECRET = 'the present secret of this test, long enough';
const EARLIER = 'the secret before it, which is as long again';
const TEXT = '{"apiKey":"key","secret":"secret"}';

describe('the key of what is encrypted', () => {
  const key = new SecretsKey(SECRET);

  it('decrypts what it has encrypted, which never looks the same', () => {
    const [one, other] = [key.seal('account', TEXT), key.seal('account', TEXT)];
    assert.equal(key.open('account', one), TEXT);
    assert.notDeepEqual(one, other);
    assert.ok(!one.includes('secret'));
    assert.ok(key.isCurrent(one));
  });

  it('refuses what belongs to something else, was changed or cut, or is under another key', () => {
    const sealed = key.seal('account', TEXT);
    assert.throws(() => key.open('another', sealed), SealError);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.throws(() => key.open('account', changed), SealError, `byte ${at}`);
      assert.throws(() => key.open('account', sealed.subarray(0, at)), SealError, `cut at ${at}`);
    }
    assert.throws(() => new SecretsKey(EARLIER).open('account', sealed), SealError);
  });

  it('still decrypts what is under an earlier one, and tells that it is', () => {
    const sealed = new SecretsKey(EARLIER).seal('account', TEXT);
    const rotated = new SecretsKey(SECRET, [EARLIER]);
    assert.equal(rotated.open('account', sealed), TEXT);
    assert.equal(rotated.isCurrent(sealed), false);
    const anew = rotated.seal('account', TEXT);
    assert.equal(key.open('account', anew), TEXT);
  });

  describe('without a configured secret', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'secrets-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('is generated once, in a file that only this user can read', async () => {
      const dataDir = join(folder, 'data');
      const load = () =>
        loadSecretsKey({ secret: undefined, previous: undefined, isShared: false }, dataDir, quiet);
      const sealed = (await load())?.seal('account', TEXT) ?? Buffer.alloc(0);
      assert.equal((await load())?.open('account', sealed), TEXT);
      assert.deepEqual(await readdir(dataDir), ['secrets-key']);
      assert.equal((await stat(join(dataDir, 'secrets-key'))).mode & 0o777, 0o600);
    });

    it('does not exist where nodes share a database: each would have another', async () => {
      const options = { secret: undefined, previous: undefined, isShared: true };
      assert.equal(await loadSecretsKey(options, folder, quiet), null);
      assert.deepEqual(await readdir(folder), []);
    });
  });
});
