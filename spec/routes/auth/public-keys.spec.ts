import assert from 'node:assert/strict';
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { ConfigError, readConfig } from '../../../lib/config/config.ts';
import { loadTokenKeys } from '../../../lib/tokens/token-keys.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { assertProblem } from '../../support/routes/problems.ts';

interface Files {
  privateFile: string;
  publicFile: string;
  privateKey: KeyObject;
  publicPem: string;
}

describe('the keys of access tokens', () => {
  let folder: string;
  let rsa: Files;
  let ec: Files;
  let edwards: Files;

  async function keyFiles(
    name: string,
    pair: { privateKey: KeyObject; publicKey: KeyObject },
  ): Promise<Files> {
    const privateFile = join(folder, `${name}.key`);
    const publicFile = join(folder, `${name}.pub`);
    const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await writeFile(privateFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await writeFile(publicFile, publicPem);
    return { privateFile, publicFile, privateKey: pair.privateKey, publicPem };
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-keys-'));
    rsa = await keyFiles('rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }));
    ec = await keyFiles('ec', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    edwards = await keyFiles('edwards', generateKeyPairSync('ed25519'));
  });
  after(() => rm(folder, { recursive: true }));

  async function withApp(
    env: Record<string, string>,
    test: (app: TestApp) => Promise<void>,
    databaseUrl?: string,
  ): Promise<void> {
    const app = await startApp({ env, databaseUrl });
    try {
      await test(app);
    } finally {
      await app.close();
    }
  }

  async function statusOf(app: TestApp, token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` };
    return (await app.call('GET', '/v1/auth/me', { headers })).status;
  }

  function headerOf(token: string): jwt.JwtHeader | undefined {
    return jwt.decode(token, { complete: true })?.header;
  }

  it('are a secret that is not published, unless files are named', async () => {
    await withApp({}, async (app) => {
      const { status, body, headers } = await app.call('GET', '/.well-known/jwks.json');
      assert.deepEqual([status, body], [200, { keys: [] }]);
      assert.equal(headers.get('cache-control'), 'public, max-age=300');
      const user = await app.user();
      assert.equal(headerOf(user.accessToken)?.alg, 'HS256');
      const claims = jwt.decode(user.accessToken) as Record<string, unknown>;
      const sign = (keyid: string): string => jwt.sign(claims, app.services.tokenKey, { keyid });
      assert.equal(await statusOf(app, sign(app.services.tokenKeys.signing.kid)), 200);
      assert.equal(await statusOf(app, sign('another')), 401);
    });
  });

  for (const [algorithm, filesOf] of [
    ['RS256', () => rsa],
    ['ES256', () => ec],
    ['EdDSA', () => edwards],
  ] as const) {
    it(`of ${algorithm} sign with the private key; anybody can verify with what is published`, async () => {
      await withApp({ JWT_PRIVATE_KEY_FILE: filesOf().privateFile }, async (app) => {
        const user = await app.user();
        const { body } = await app.call('GET', '/.well-known/jwks.json');
        const [jwk] = body.keys;
        assert.deepEqual([body.keys.length, jwk.alg, jwk.use], [1, algorithm, 'sig']);
        for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(part in jwk), part);
        assert.deepEqual(headerOf(user.accessToken), { alg: algorithm, typ: 'JWT', kid: jwk.kid });
        const key = createPublicKey({ key: jwk, format: 'jwk' });
        const [head = '', payload = '', signature = ''] = user.accessToken.split('.');
        const dsa = algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
        const digest = algorithm === 'EdDSA' ? null : 'sha256';
        const signed = Buffer.from(`${head}.${payload}`);
        assert.ok(verify(digest, signed, dsa, Buffer.from(signature, 'base64url')));
        const claims = jwt.decode(user.accessToken) as Record<string, unknown>;
        assert.deepEqual([claims['aud'], claims['iss']], ['marktide:api', 'marktide']);
        assert.equal(await statusOf(app, user.accessToken), 200);
        const refresh = { body: { refreshToken: user.refreshToken } };
        assert.equal((await app.call('POST', '/v1/auth/refresh', refresh)).status, 200);
        // Stream tokens are read by our own nodes alone: the secret still makes them.
        const ticket = await app.call('POST', '/v1/auth/stream-token', { as: user });
        const stream = new StreamClient(`${app.url}/v1/streams/market?token=${ticket.body.token}`);
        await stream.ready();
        stream.cut();
      });
    });
  }

  it('take their own algorithm only, whatever a token claims', async () => {
    await withApp(
      { JWT_PRIVATE_KEY_FILE: rsa.privateFile, JWT_PUBLIC_KEY_FILES: ec.publicFile },
      async (app) => {
        const user = await app.user();
        const payload = jwt.decode(user.accessToken) as Record<string, unknown>;
        const kid = headerOf(user.accessToken)?.kid ?? '';
        const [, ecKey] = app.services.tokenKeys.verifying;
        const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
        const byHand = (header: object, secret: string): string => {
          const text = `${encode(header)}.${encode(payload)}`;
          return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
        };
        const forged: Record<string, string> = {
          'the public key as a secret': byHand({ alg: 'HS256', typ: 'JWT', kid }, rsa.publicPem),
          'the same without an id': byHand({ alg: 'HS256', typ: 'JWT' }, rsa.publicPem),
          'the secret of stream tokens': jwt.sign(payload, app.services.tokenKey),
          'the same under the id of the key': jwt.sign(payload, app.services.tokenKey, { keyid: kid }),
          'another algorithm of the same key': jwt.sign(payload, rsa.privateKey, {
            algorithm: 'RS512',
            keyid: kid,
          }),
          'PSS with the same key': jwt.sign(payload, rsa.privateKey, { algorithm: 'PS256', keyid: kid }),
          'no key id': jwt.sign(payload, rsa.privateKey, { algorithm: 'RS256' }),
          "another key's id": jwt.sign(payload, rsa.privateKey, {
            algorithm: 'RS256',
            keyid: ecKey?.kid ?? '',
          }),
          'an unknown id': jwt.sign(payload, rsa.privateKey, { algorithm: 'RS256', keyid: 'x' }),
          none: `${encode({ alg: 'none', kid })}.${encode(payload)}.`,
        };
        for (const [what, token] of Object.entries(forged))
          assert.equal(await statusOf(app, token), 401, what);
        const good = jwt.sign(payload, rsa.privateKey, { algorithm: 'RS256', keyid: kid });
        assert.equal(await statusOf(app, good), 200);
      },
    );
  });

  it('of EdDSA take their own algorithm only, and every claim in full', async () => {
    const env = { JWT_PRIVATE_KEY_FILE: edwards.privateFile, JWT_PUBLIC_KEY_FILES: rsa.publicFile };
    await withApp(env, async (app) => {
      const user = await app.user();
      const payload = jwt.decode(user.accessToken) as Record<string, unknown>;
      const kid = headerOf(user.accessToken)?.kid ?? '';
      const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const byHand = (
        changed: Record<string, unknown>,
        { header = {}, key = edwards.privateKey }: { header?: object; key?: KeyObject } = {},
      ): string => {
        const kept = Object.entries({ ...payload, ...changed }).filter(([, value]) => value !== undefined);
        const text = `${encode({ alg: 'EdDSA', kid, ...header })}.${encode(Object.fromEntries(kept))}`;
        return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
      };
      assert.equal(await statusOf(app, byHand({})), 200);
      const secret = `${encode({ alg: 'HS256', kid })}.${encode(payload)}`;
      const now = Math.floor(Date.now() / 1000);
      const forged: Record<string, string> = {
        'another key': byHand({}, { key: generateKeyPairSync('ed25519').privateKey }),
        'no key id': byHand({}, { header: { kid: undefined } }),
        'an unknown id': byHand({}, { header: { kid: 'x' } }),
        none: byHand({}, { header: { alg: 'none' } }),
        'another name of it': byHand({}, { header: { alg: 'HS256' } }),
        'the public key as a secret': `${secret}.${createHmac('sha256', edwards.publicPem).update(secret).digest('base64url')}`,
        'an RSA signature': jwt.sign(payload, rsa.privateKey, { algorithm: 'RS256', keyid: kid }),
        'a critical extension': byHand({}, { header: { crit: ['exp'] } }),
        expired: byHand({ exp: now - 10 }),
        'without end': byHand({ exp: undefined }),
        'not yet': byHand({ nbf: now + 300 }),
        'another audience': byHand({ aud: 'other' }),
        'another issuer': byHand({ iss: 'other' }),
        'no session': byHand({ sid: undefined }),
      };
      for (const [what, token] of Object.entries(forged)) {
        assert.equal(await statusOf(app, token), 401, what);
      }
      const headers = { authorization: `Bearer ${byHand({ exp: now - 10 })}` };
      assertProblem(await app.call('GET', '/v1/auth/me', { headers }), 401, 'token-expired');
    });
  });

  onPostgres('changed on a fleet', () => {
    it('are taken by a node that signs with the old key and one that signs with the new one alike', async () => {
      const databaseUrl = await newPostgresDatabase();
      const node = (signs: Files, knows: Files): Promise<TestApp> =>
        startApp({
          env: { JWT_PRIVATE_KEY_FILE: signs.privateFile, JWT_PUBLIC_KEY_FILES: knows.publicFile },
          databaseUrl,
        });
      const [old, renewed] = await Promise.all([node(rsa, edwards), node(edwards, rsa)]);
      try {
        const [one, other] = [await old.user(), await renewed.user()];
        assert.deepEqual(
          [one, other].map(({ accessToken }) => headerOf(accessToken)?.alg),
          ['RS256', 'EdDSA'],
        );
        for (const app of [old, renewed]) {
          for (const { accessToken } of [one, other]) assert.equal(await statusOf(app, accessToken), 200);
          const { body } = await app.call('GET', '/.well-known/jwks.json');
          const ids: string[] = body.keys.map(({ kid }: { kid: string }) => kid);
          for (const { accessToken } of [one, other]) {
            assert.ok(ids.includes(headerOf(accessToken)?.kid ?? ''), 'others can verify both');
          }
        }
        // A session moves on from the old key to the new one with its next refresh.
        const moved = await renewed.call('POST', '/v1/auth/refresh', {
          body: { refreshToken: one.refreshToken },
        });
        assert.equal(headerOf(moved.body.accessToken)?.alg, 'EdDSA');
        assert.equal(await statusOf(old, moved.body.accessToken), 200);
      } finally {
        await Promise.all([old.close(), renewed.close()]);
      }
    });

    it('let the tokens of the old key live on until it is dropped, and nobody logs in again', async () => {
      const databaseUrl = await newPostgresDatabase();
      let user: TestUser | undefined;
      await withApp(
        { JWT_PRIVATE_KEY_FILE: rsa.privateFile },
        async (app) => {
          user = await app.user();
        },
        databaseUrl,
      );
      const { accessToken = '', refreshToken = '' } = user ?? {};
      await withApp(
        { JWT_PRIVATE_KEY_FILE: ec.privateFile, JWT_PUBLIC_KEY_FILES: rsa.publicFile },
        async (app) => {
          const { body } = await app.call('GET', '/.well-known/jwks.json');
          assert.deepEqual(
            body.keys.map(({ alg }: { alg: string }) => alg),
            ['ES256', 'RS256'],
          );
          assert.equal(await statusOf(app, accessToken), 200);
          const other = await app.user();
          assert.equal(headerOf(other.accessToken)?.alg, 'ES256');
        },
        databaseUrl,
      );
      await withApp(
        { JWT_PRIVATE_KEY_FILE: ec.privateFile },
        async (app) => {
          const headers = { authorization: `Bearer ${accessToken}` };
          assertProblem(await app.call('GET', '/v1/auth/me', { headers }), 401, 'unauthorized');
          const refreshed = await app.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
          assert.equal(refreshed.status, 200);
          assert.equal(await statusOf(app, refreshed.body.accessToken), 200);
        },
        databaseUrl,
      );
    });
  });

  it('that are not usable are told by variable and file, never by content', async () => {
    const weak = await keyFiles('weak', generateKeyPairSync('rsa', { modulusLength: 1024 }));
    const curve = await keyFiles('curve', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }));
    const ed448 = await keyFiles('ed448', generateKeyPairSync('ed448'));
    const garbage = join(folder, 'garbage');
    await writeFile(garbage, 'sesame', { mode: 0o600 });
    const readable = await keyFiles('readable', generateKeyPairSync('ed25519'));
    await chmod(readable.privateFile, 0o644);
    const writable = await keyFiles('writable', generateKeyPairSync('ed25519'));
    await chmod(writable.privateFile, 0o620);
    await chmod(writable.publicFile, 0o664);
    const cases: [Record<string, string>, RegExp][] = [
      [{ JWT_PRIVATE_KEY_FILE: join(folder, 'absent') }, /JWT_PRIVATE_KEY_FILE: .*absent/],
      [{ JWT_PRIVATE_KEY_FILE: garbage }, /JWT_PRIVATE_KEY_FILE: .*garbage/],
      [{ JWT_PRIVATE_KEY_FILE: weak.privateFile }, /at least 2048 bits/],
      [{ JWT_PRIVATE_KEY_FILE: curve.privateFile }, /RS256.*ES256/],
      [{ JWT_PRIVATE_KEY_FILE: ed448.privateFile }, /EdDSA.*RS256.*ES256/],
      [{ JWT_PRIVATE_KEY_FILE: rsa.publicFile }, /JWT_PRIVATE_KEY_FILE/],
      [{ JWT_PRIVATE_KEY_FILE: readable.privateFile }, /readable\.key .*other users can read it.*chmod 600/],
      [{ JWT_PRIVATE_KEY_FILE: writable.privateFile }, /writable\.key .*other users can change it/],
      [
        { JWT_PRIVATE_KEY_FILE: rsa.privateFile, JWT_PUBLIC_KEY_FILES: writable.publicFile },
        /writable\.pub .*other users can change it.*chmod go-w/,
      ],
      [
        { JWT_PRIVATE_KEY_FILE: rsa.privateFile, JWT_PUBLIC_KEY_FILES: ec.privateFile },
        /JWT_PUBLIC_KEY_FILES: .*holds a private key/,
      ],
      [
        { JWT_PRIVATE_KEY_FILE: rsa.privateFile, JWT_PUBLIC_KEY_FILES: `${ec.publicFile},${garbage}` },
        /JWT_PUBLIC_KEY_FILES: .*garbage/,
      ],
    ];
    for (const [env, message] of cases) {
      const config = readConfig(env);
      const files = {
        privateKeyFile: config.JWT_PRIVATE_KEY_FILE,
        publicKeyFiles: config.JWT_PUBLIC_KEY_FILES,
      };
      await assert.rejects(loadTokenKeys(files, createSecretKey(Buffer.alloc(32))), (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /sesame|BEGIN/);
        return true;
      });
    }
    assert.throws(() => readConfig({ JWT_PUBLIC_KEY_FILES: 'x' }), /JWT_PRIVATE_KEY_FILE: is required/);
  });
});
