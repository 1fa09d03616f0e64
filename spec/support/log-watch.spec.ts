import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawRequest } from './routes/raw-request.ts';
import { type TestApp, startApp } from './app.ts';
import { fillDataFolder } from './data-folder.ts';
import { watch } from './log-watch.ts';
import { logIn, type NodeProcess, startNode } from './node-process.ts';
import { SecretWatch } from './secret-watch.ts';

const PARTS = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJzb21lYm9keSJ9', 'c2lnbmF0dXJlIG9mIHRoZSB0b2tlbg'] as const;
const TOKEN = PARTS.join('.');
const REFRESH = 'Zk5vJ0b1d2mB8m7cXq3n9wT4yL6sH0aKpR2eUfGiVxA';
const KEY = `mt_${REFRESH}`;

describe('the watch over the logs of the tests', () => {
  /** Of lines that hold no secret but one, the ones it finds. */
  function found(teach: (of: SecretWatch) => void, line: object): number {
    const own = new SecretWatch();
    own.log(JSON.stringify({ requestId: '01981f5e-0000-7000-8000-000000000000', path: '/v1/auth/login' }));
    own.log(JSON.stringify(line));
    teach(own);
    return own.take().length;
  }

  it('finds what went over the wire, wherever it was and however little of it is logged', () => {
    const wire: [string, (of: SecretWatch) => void, string][] = [
      ['header', (of) => of.learnHeaders([['authorization', `Bearer ${TOKEN}`]]), PARTS[2]],
      ['cookie', (of) => of.learnHeaders([['cookie', `a=b; marktide_refresh=${REFRESH}`]]), REFRESH],
      ['answer', (of) => of.learnHeaders([['set-cookie', `marktide_csrf=${REFRESH}; path=/`]]), REFRESH],
      ['key', (of) => of.learnHeaders([['x-api-key', KEY]]), KEY],
      ['URL', (of) => of.learnUrl(`/v1/streams/market?symbols=BTC/KRW&token=${TOKEN}`), PARTS[1]],
      ['refresh', (of) => of.learnBody(JSON.stringify({ refreshToken: REFRESH })), REFRESH],
      [
        'password',
        (of) => of.learnBody('{"user":{"password":"say \\"please\\" twice"}}'),
        'say "please" twice',
      ],
    ];
    for (const [where, teach, told] of wire) {
      assert.equal(found(teach, { deep: { inside: `of ${told} it` } }), 1, where);
      assert.equal(found(teach, { nothing: 'of it' }), 0, where);
    }
  });

  it('finds by their shape those that nobody has seen', () => {
    for (const secret of [
      TOKEN,
      KEY,
      '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
      `marktide_access=${REFRESH}`,
    ]) {
      assert.equal(
        found(() => undefined, { said: `of ${secret}` }),
        1,
        secret,
      );
    }
    assert.equal(
      found(() => undefined, { said: 'of mt_Zk5vJ0b1, /v1/streams?token=[redacted]' }),
      0,
    );
  });

  /** Logs in and has secrets made. */
  async function useSecrets(url: string): Promise<void> {
    const authorization = await logIn(url);
    const key = await fetch(`${url}/v1/api-keys`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'watched', scopes: ['read'] }),
    });
    const stream = await fetch(`${url}/v1/auth/stream-token`, { method: 'POST', headers: { authorization } });
    const secrets = [
      authorization.slice('Bearer '.length),
      ((await key.json()) as { key: string }).key,
      ((await stream.json()) as { token: string }).token,
    ];
    for (const secret of secrets) assert.ok(watch.knows(secret), secret);
  }

  describe('of a program in this process', () => {
    let app: TestApp;
    before(async () => {
      app = await startApp();
    });
    after(() => app.close());

    it('has its lines and its secrets, those of sockets too', async () => {
      const { refreshToken, accessToken } = await app.user('admin');
      assert.ok(watch.knows(refreshToken) && watch.knows(accessToken));
      const before = watch.lines;
      const { body } = await app.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
      assert.ok(watch.knows(body.refreshToken));
      assert.ok(watch.lines > before);
      await rawRequest(app.url, `GET /v1/streams?token=${TOKEN} HTTP/1.0\r\n\r\n`);
      assert.ok(watch.knows(TOKEN));
    });
  });

  describe('of a program in its own process', () => {
    let folder: string;
    let node: NodeProcess;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'marktide-watch-'));
      await fillDataFolder(folder);
      node = await startNode({ DATA_DIR: folder, MARKET_FEED: 'none' });
    });
    after(async () => {
      await node?.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    });

    it('has its lines and its secrets', async () => {
      const before = watch.lines;
      await useSecrets(node.url);
      await node.end('SIGTERM');
      assert.ok(watch.lines >= before + 3, node.output());
      assert.match(node.output(), /"path":"\/v1\/auth\/stream-token"/);
    });
  });
});
