import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quiet } from '../../support/log-watch.ts';
import { callerOf, hashRefreshToken, loadTokenKey, newRefreshToken } from '../../../lib/tokens/token.ts';

describe('the secret of the tokens', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-token-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const load = async (secret?: string): Promise<string> =>
    (await loadTokenKey(secret, join(folder, 'data'), quiet)).export().toString();

  it('is the one that is given, and then nothing is written', async () => {
    assert.equal(await load('x'.repeat(32)), 'x'.repeat(32));
    assert.deepEqual(await readdir(folder), []);
  });

  it('is made once, kept, and readable by its owner alone, whatever the umask', async () => {
    const umask = process.umask(0);
    const made = await load().finally(() => process.umask(umask));
    assert.ok(Buffer.from(made, 'base64url').length >= 32);
    assert.equal(await load(), made);
    assert.deepEqual(await readdir(join(folder, 'data')), ['jwt-secret']);
    const { mode } = await stat(join(folder, 'data', 'jwt-secret'));
    assert.equal(mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, 'data'))).mode & 0o777, 0o700);
  });

  it('is not written through a link that somebody else has laid', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(join(folder, 'data'));
    await symlink(elsewhere, join(folder, 'data', 'jwt-secret'));
    await assert.rejects(load(), /jwt-secret is a symbolic link/);
    await assert.rejects(stat(elsewhere));
  });

  it('is another in another folder', async () => {
    const made = await load();
    await rm(join(folder, 'data'), { recursive: true });
    assert.notEqual(await load(), made);
  });

  it('is made anew when what is kept is no secret', async () => {
    await load();
    const path = join(folder, 'data', 'jwt-secret');
    await writeFile(path, 'short');
    const made = await load();
    assert.ok(made.length >= 32);
    assert.equal(await readFile(path, 'utf8'), made);
  });
});

describe('the claims of a token', () => {
  const id = '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80';
  const claims = { sub: id, sid: id, role: 'trader', exp: 1_800_000_000 };

  it('tell who calls, until when, and what the role may', () => {
    const { scopes, ...caller } = callerOf(claims) ?? assert.fail();
    assert.deepEqual(caller, { userId: id, sessionId: id, role: 'trader', expiresAt: 1_800_000_000_000 });
    assert.ok(scopes.includes('read') && scopes.includes('trades:write') && !scopes.includes('admin'));
    assert.deepEqual(callerOf({ ...claims, scopes: [] })?.scopes, []);
  });

  it('are refused when one is missing or none of ours', () => {
    for (const change of [
      { sub: undefined },
      { sid: undefined },
      { role: undefined },
      { exp: undefined },
      { exp: '1800000000' },
      { role: 'root' },
      { sid: 'x' },
      { sub: "' or 1=1" },
      { scopes: ['everything'] },
      { scopes: 'admin' },
    ]) {
      assert.equal(callerOf({ ...claims, ...change }), null, JSON.stringify(change));
    }
    for (const none of [null, undefined, 'x', []]) assert.equal(callerOf(none), null);
  });
});

describe('a refresh token', () => {
  it('has 256 bits of its own, and a hash that does not show it', () => {
    const tokens = new Set(Array.from({ length: 100 }, newRefreshToken));
    assert.equal(tokens.size, 100);
    for (const token of tokens) {
      assert.equal(Buffer.from(token, 'base64url').length, 32);
      assert.equal(hashRefreshToken(token), hashRefreshToken(token));
      assert.notEqual(hashRefreshToken(token), token);
    }
  });
});
