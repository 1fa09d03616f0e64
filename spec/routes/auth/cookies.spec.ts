import assert from 'node:assert/strict';
import { type Answer, startApp, type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { assertProblem } from '../../support/routes/problems.ts';

/** What a browser keeps of the answers: values by name, without those that were taken back. */
class Jar {
  readonly #values = new Map<string, string>();
  readonly attributes = new Map<string, string>();

  take({ headers }: Answer): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split('=');
      this.attributes.set(name, attributes.join('; ').toLowerCase());
      if (value === '') this.#values.delete(name);
      else this.#values.set(name, value);
    }
  }

  get(name: string): string {
    return this.#values.get(name) ?? '';
  }

  get names(): string[] {
    return [...this.#values.keys()].sort();
  }

  /** Those with a path that the request is on. */
  header(path: string): string {
    return [...this.#values]
      .filter(([name]) => {
        const under = /path=([^;]*)/.exec(this.attributes.get(name) ?? '')?.[1] ?? '/';
        return path.startsWith(under);
      })
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
  }
}

const FOREIGN = 'https://evil.example';
const ALLOWED = 'https://app.example.com';

describe('a browser with cookies', () => {
  let app: TestApp;
  let user: TestUser;
  let jar: Jar;

  before(async () => {
    app = await startApp({ env: { CORS_ORIGINS: ALLOWED } });
    user = await app.user();
  });
  after(() => app.close());
  beforeEach(async () => {
    jar = new Jar();
    jar.take(
      await app.call('POST', '/v1/auth/login', { body: { email: user.email, password: TEST_PASSWORD } }),
    );
  });

  async function send(
    method: string,
    path: string,
    {
      origin = app.url,
      csrf = jar.get('marktide_csrf'),
      body,
    }: { origin?: string | null; csrf?: string | null; body?: unknown } = {},
  ): Promise<Answer> {
    const answer = await app.call(method, path, {
      body,
      headers: {
        cookie: jar.header(path),
        ...(origin === null ? {} : { origin }),
        ...(csrf === null ? {} : { 'x-csrf-token': csrf }),
      },
    });
    jar.take(answer);
    return answer;
  }

  it('is given four: three that no script reads, and one that the page sends back', () => {
    const names = ['marktide_access', 'marktide_csrf', 'marktide_device', 'marktide_refresh'];
    assert.deepEqual(jar.names, names);
    for (const name of jar.names) assert.match(jar.attributes.get(name) ?? '', /samesite=strict/, name);
    assert.match(jar.attributes.get('marktide_access') ?? '', /path=\/v1;.*httponly/);
    assert.match(jar.attributes.get('marktide_refresh') ?? '', /path=\/v1\/auth;.*httponly/);
    assert.match(jar.attributes.get('marktide_device') ?? '', /path=\/v1\/auth\/login;.*httponly/);
    assert.doesNotMatch(jar.attributes.get('marktide_csrf') ?? '', /httponly/);
    assert.ok(!jar.header('/v1/portfolios').includes('marktide_refresh'));
  });

  it('writes from a page of this origin, or an allowed one, that repeats the CSRF cookie', async () => {
    assert.equal((await send('POST', '/v1/portfolios', { body: { name: 'P' } })).status, 201);
    assert.equal(
      (await send('POST', '/v1/portfolios', { body: { name: 'P' }, origin: ALLOWED })).status,
      201,
    );
  });

  it('does not write without both proofs', async () => {
    const before = (await send('GET', '/v1/portfolios')).body.items.length;
    const attempts: [string, Parameters<typeof send>[2], number][] = [
      ['no header: a form of another site', { csrf: null }, 401],
      ['no header, foreign origin', { csrf: null, origin: FOREIGN }, 401],
      ['foreign origin', { origin: FOREIGN }, 403],
      ['no origin', { origin: null }, 403],
      ['opaque origin', { origin: 'null' }, 403],
      ['an origin that begins alike', { origin: `${app.url}.evil.example` }, 403],
      ['an allowed one with another scheme', { origin: ALLOWED.replace('https', 'http') }, 403],
      ['a made-up token', { csrf: 'x'.repeat(43) }, 403],
      ['half a token', { csrf: jar.get('marktide_csrf').slice(0, 20) }, 403],
    ];
    for (const [what, options, status] of attempts) {
      const answer = await send('POST', '/v1/portfolios', { ...options, body: { name: 'P' } });
      assertProblem(answer, status, status === 401 ? 'unauthorized' : 'forbidden', what);
    }
    assert.equal(
      (await send('GET', '/v1/portfolios', { csrf: null, origin: null })).body.items.length,
      before,
    );
  });

  it('is not taken for somebody by the CSRF cookie alone', async () => {
    const csrf = jar.get('marktide_csrf');
    const headers = { cookie: `marktide_csrf=${csrf}`, origin: app.url, 'x-csrf-token': csrf };
    assertProblem(
      await app.call('POST', '/v1/portfolios', { headers, body: { name: 'P' } }),
      401,
      'unauthorized',
    );
  });

  it('goes on by its cookies, and sees no refresh token', async () => {
    const csrf = jar.get('marktide_csrf');
    const old = jar.get('marktide_refresh');
    const refreshed = await send('POST', '/v1/auth/refresh', { body: {} });
    assert.equal(refreshed.status, 200);
    assert.equal('refreshToken' in refreshed.body, false);
    assert.notEqual(jar.get('marktide_refresh'), old);
    assert.equal(jar.get('marktide_csrf'), csrf, 'other tabs have read it already');
    assert.equal((await send('POST', '/v1/auth/refresh', { body: {} })).status, 200);
    assert.equal((await send('POST', '/v1/auth/refresh')).status, 200, 'without a body too');
  });

  it('stays logged in when two tabs refresh at once, in whatever order the answers come', async () => {
    const cookie = jar.header('/v1/auth/refresh');
    const headers = { cookie, origin: app.url, 'x-csrf-token': jar.get('marktide_csrf') };
    const answers = await Promise.all(
      [1, 2].map(() => app.call('POST', '/v1/auth/refresh', { headers, body: {} })),
    );
    for (const answer of answers.reverse()) {
      assert.equal(answer.status, 200);
      jar.take(answer);
    }
    assert.equal((await send('POST', '/v1/auth/refresh', { body: {} })).status, 200);
  });

  it('does not go on for another site, which ends nothing', async () => {
    for (const options of [{ csrf: null }, { origin: FOREIGN }, { origin: null }, { csrf: 'x' }]) {
      const { status } = await send('POST', '/v1/auth/refresh', { body: {}, ...options });
      assert.ok([400, 403].includes(status));
    }
    assert.equal((await send('POST', '/v1/auth/refresh', { body: {} })).status, 200);
  });

  it('logs out, and has none left but the one by which its next log-in is told from others', async () => {
    assertProblem(await send('POST', '/v1/auth/logout', { csrf: null }), 401, 'unauthorized');
    assert.equal((await send('POST', '/v1/auth/logout')).status, 204);
    assert.deepEqual(jar.names, ['marktide_device']);
  });

  it('opens streams with its cookie alone', async () => {
    const stream = new StreamClient(`${app.url}/v1/streams/market`, {
      headers: { cookie: jar.header('/v1') },
    });
    await stream.ready();
    stream.cut();
  });
});
