import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { cpuUsage } from 'node:process';
import { deviceOf, newDeviceToken } from '../../../lib/tokens/device-token.ts';
import { hashPassword } from '../../../lib/tokens/password.ts';
import { type Answer, startApp, type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const QUARTER_MS = 900_000;
const FAILURES = 2;

describe('guessing a password', () => {
  const clock = new ShiftedClock();
  let app: TestApp;
  let victim: TestUser;
  let addressCount = 0;

  before(async () => {
    app = await startApp({
      clock,
      env: {
        TRUST_PROXY: 'true',
        RATE_LIMIT_LOGIN_FAILURES: String(FAILURES),
        ACCESS_TOKEN_TTL: '86400',
      },
    });
  });
  after(() => app.close());
  beforeEach(async () => {
    elapse();
    victim = await app.user();
  });

  function elapse(): void {
    clock.shift += QUARTER_MS;
  }
  function newAddress(): string {
    addressCount += 1;
    return `198.51.${100 + (addressCount >> 8)}.${addressCount & 255}`;
  }
  function logIn(
    email: string,
    password: string,
    from: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return app.call('POST', '/v1/auth/login', {
      body: { email, password },
      headers: { 'x-forwarded-for': from, ...headers },
    });
  }
  async function statuses(count: number, ask: () => Promise<Answer>): Promise<number[]> {
    const found: number[] = [];
    for (let i = 0; i < count; i += 1) found.push((await ask()).status);
    return found;
  }
  const fails = (count: number): number[] => Array.from({ length: count }, () => 401);
  const wrong = (from: string, email = victim.email): Promise<Answer> => logIn(email, 'wrong password', from);

  it('of one account from one address is over after a few; then the right one is refused unlooked at', async () => {
    const from = newAddress();
    assert.deepEqual(await statuses(FAILURES, () => wrong(from)), fails(FAILURES));
    const refused = await wrong(from);
    assertProblem(refused, 429, 'rate-limited');
    assert.match(refused.headers.get('retry-after') ?? '', /^(900|8[6-9]\d)$/);
    assertProblem(await logIn(victim.email, TEST_PASSWORD, from), 429, 'rate-limited');
    assert.equal((await logIn(victim.email, TEST_PASSWORD, newAddress())).status, 200, 'from elsewhere');
    elapse();
    assert.equal((await logIn(victim.email, TEST_PASSWORD, from)).status, 200, 'a quarter of an hour later');
  });

  it('many at once get no further than one after the other', async () => {
    const from = newAddress();
    const answers = await Promise.all(Array.from({ length: 20 }, () => wrong(from)));
    assert.equal(answers.filter(({ status }) => status === 401).length, FAILURES);
    assert.equal(answers.filter(({ status }) => status === 429).length, 20 - FAILURES);
  });

  it('of an account that is not there is told by nothing from that of one that is', async () => {
    const ask = async (email: string): Promise<unknown> => {
      const from = newAddress();
      const answers: Answer[] = [];
      for (let i = 0; i < FAILURES + 2; i += 1) answers.push(await wrong(from, email));
      return answers.map(({ status, headers, body }) => {
        const { requestId: _, ...said } = body;
        const names = ['ratelimit', 'ratelimit-policy', 'set-cookie', 'www-authenticate'];
        // But for the seconds that are left.
        return [status, said, names.map((name) => headers.get(name)?.replaceAll(/;t=\d+/g, ''))];
      });
    };
    assert.deepEqual(await ask('nobody@example.com'), await ask(victim.email));
  });

  it('of one account from ever new addresses is over as well', async () => {
    const horde = await statuses(FAILURES * 10 + 3, () => wrong(newAddress()));
    assert.deepEqual(horde, [...fails(FAILURES * 10), 429, 429, 429]);
    assertProblem(await logIn(victim.email, TEST_PASSWORD, newAddress()), 429, 'rate-limited');
    const other = await app.user();
    assert.equal((await logIn(other.email, TEST_PASSWORD, newAddress())).status, 200, 'another account');
  });

  it('of many accounts from one address is over as well', async () => {
    const from = newAddress();
    let count = 0;
    const spray = await statuses(FAILURES * 10 + 2, () => wrong(from, `user-${(count += 1)}@example.com`));
    assert.deepEqual(spray, [...fails(FAILURES * 10), 429, 429]);
    assert.equal((await wrong(newAddress())).status, 401, 'another address');
  });

  it('keeps nobody out of a browser that has been in before, however long a horde is at it', async () => {
    const home = newAddress();
    const first = await logIn(victim.email, TEST_PASSWORD, home);
    const cookie = /marktide_device=[^;]+/.exec(first.headers.get('set-cookie') ?? '')?.[0] ?? '';
    for (let quarter = 0; quarter < 2; quarter += 1) {
      await Promise.all(Array.from({ length: FAILURES * 10 + 1 }, () => wrong(newAddress())));
      // From the very address, too: the attacker may sit in the same house.
      await statuses(FAILURES + 1, () => wrong(home));
      assertProblem(await logIn(victim.email, TEST_PASSWORD, home), 429, 'rate-limited', 'a new browser');
      assert.equal((await logIn(victim.email, TEST_PASSWORD, home, { cookie })).status, 200, 'a known one');
      assert.equal((await app.call('GET', '/v1/auth/me', { as: victim })).status, 200, 'what is logged in');
      const refreshed = await app.call('POST', '/v1/auth/refresh', {
        body: { refreshToken: victim.refreshToken },
      });
      assert.equal(refreshed.status, 200, 'and stays so');
      victim = { ...victim, ...refreshed.body, authorization: `Bearer ${refreshed.body.accessToken}` };
      elapse();
    }
  });

  it('with the sign of a known browser is limited too, and the sign is good for its account alone', async () => {
    const from = newAddress();
    const headers = (await logIn(victim.email, TEST_PASSWORD, from)).headers;
    const cookie = /marktide_device=[^;]+/.exec(headers.get('set-cookie') ?? '')?.[0] ?? '';
    const ask = (email: string, by: string): Promise<Answer> =>
      logIn(email, 'wrong password', newAddress(), { cookie: by });
    assert.deepEqual(await statuses(FAILURES + 1, () => ask(victim.email, cookie)), [
      ...fails(FAILURES),
      429,
    ]);
    const other = await app.user();
    for (const by of [cookie, 'marktide_device=x.y', 'marktide_device=', `${cookie}x`]) {
      const { headers: told } = await ask(other.email, by);
      assert.match(told.get('ratelimit') ?? '', /"login-pair"/, by);
    }
    elapse();
    assert.equal((await logIn(victim.email, TEST_PASSWORD, newAddress(), { cookie })).status, 200);
  });

  it('is not what somebody does who mistypes and then gets it right, or logs in very often', async () => {
    const from = newAddress();
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(await statuses(FAILURES - 1, () => wrong(from)), fails(FAILURES - 1));
      assert.equal((await logIn(victim.email, TEST_PASSWORD, from)).status, 200);
    }
    const often = await statuses(FAILURES * 11, () => logIn(victim.email, TEST_PASSWORD, from));
    assert.ok(often.every((status) => status === 200));
  });

  it('is not forgiven for logging in to an account of one’s own in between', async () => {
    const from = newAddress();
    const own = await app.user();
    const spray = await statuses(FAILURES * 10 - 1, async () => {
      const answer = await wrong(from, `user-${(addressCount += 1)}@example.com`);
      assert.equal((await logIn(own.email, TEST_PASSWORD, from)).status, 200);
      return answer;
    });
    assert.deepEqual(spray, fails(FAILURES * 10 - 1));
    assert.equal((await wrong(from)).status, 401);
    assertProblem(await wrong(from), 429, 'rate-limited');
  });

  it('that is current, from within a session, is limited as well', async () => {
    const change = (currentPassword: string): Promise<Answer> =>
      app.call('POST', '/v1/auth/password', {
        as: victim,
        body: { currentPassword, newPassword: 'another long password' },
      });
    assert.deepEqual(await statuses(FAILURES + 1, () => change('wrong password')), [400, 400, 429]);
    assertProblem(await change(TEST_PASSWORD), 429, 'rate-limited');
    elapse();
    assert.equal((await change(TEST_PASSWORD)).status, 204);
  });

  it('stands in the audit log: each failure, and once that it was too much', async () => {
    const admin = await app.user('admin');
    const from = newAddress();
    await statuses(FAILURES + 4, () => wrong(from));
    const path = `/v1/admin/audit?userId=${victim.id}&limit=100`;
    const { body } = await app.call('GET', path, { as: admin });
    const types: string[] = body.items.map(({ type }: { type: string }) => type);
    assert.equal(types.filter((type) => type === 'login-failed').length, FAILURES);
    const [limited, ...more] = body.items.filter(({ type }: { type: string }) => type === 'rate-limited');
    assert.deepEqual(more, []);
    assert.deepEqual(limited.details, { policy: 'login-pair', client: `${victim.id} ${from}` });
  });

  it('takes the same work whether there is such a user or not', async () => {
    // Processor time of the process with all its threads: the clock on the wall tells how busy the machine is.
    const work = async (email: string): Promise<number> => {
      const used: number[] = [];
      for (let i = 0; i < 5; i += 1) {
        const before = cpuUsage();
        await wrong(newAddress(), email);
        const { user, system } = cpuUsage(before);
        used.push(user + system);
      }
      return Math.min(...used);
    };
    // Unlike those of other tests: as costly as a password is on a server.
    const passwordHash = await hashPassword(TEST_PASSWORD);
    await app.services.db('users').where({ id: victim.id }).update({ password_hash: passwordHash });
    await work('warm-up@example.com');
    const disabled = await app.user();
    await app.services.db('users').where({ id: disabled.id }).update({ disabled_at: new Date() });
    const [known, unknown, off] = [
      await work(victim.email),
      await work('nobody@example.com'),
      await work(disabled.email),
    ];
    for (const other of [unknown, off]) {
      assert.ok(other > known * 0.6 && other < known * 1.6, `${known} µs against ${unknown} and ${off}`);
    }
  });
});

describe('the sign of a known browser', () => {
  it('proves its account under its secret, and nothing else', () => {
    const secret = createSecretKey(Buffer.alloc(32, 1));
    const token = newDeviceToken(secret, 'user-1');
    assert.ok(deviceOf(secret, 'user-1', token));
    assert.notEqual(newDeviceToken(secret, 'user-1'), token);
    for (const bad of [undefined, '', '.', token.split('.')[0], `${token}.x`, `x${token}`]) {
      assert.equal(deviceOf(secret, 'user-1', bad), null, bad);
    }
    assert.equal(deviceOf(secret, 'user-2', token), null);
    assert.equal(deviceOf(createSecretKey(Buffer.alloc(32, 2)), 'user-1', token), null);
  });
});
