import assert from 'node:assert/strict';
import { systemClock } from '../../../lib/clock.ts';
import { CHECK_MS } from '../../../streams/fleet/authority.ts';
import { type Answer, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { type Fleet, onFleet } from '../../support/fleet.ts';
import { share } from '../../support/share.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { assertProblem } from '../../support/routes/problems.ts';

/** Without the net below the control log, which would end streams within seconds if nothing were told. */
const clock: typeof systemClock = {
  ...systemClock,
  every: (ms, task) => (ms === CHECK_MS ? () => undefined : systemClock.every(ms, task)),
};
const PROMISE_MS = 1_000;
/** So long a machine may be busy with something else, in one attempt of three. */
const PATIENCE_MS = 10_000;
const ATTEMPTS = 3;

/** What somebody has on the second node, and how it is taken from them on the first. */
interface Stake {
  /** By which they ask the second node. */
  headers: Record<string, string>;
  /** What they stream there. */
  channels: string;
  revoke: () => Promise<Answer>;
  /** What their streams are told. */
  notice: 'revoked' | 'access-lost';
  /** What is refused to them from then on. */
  refused: { path: string; status: number; slug: string };
}

const GONE = { path: '/v1/auth/me', status: 401, slug: 'unauthorized' };

function byToken({ authorization }: { authorization: string }): Omit<Stake, 'revoke'> {
  return { headers: { authorization }, channels: 'ticker:*', notice: 'revoked', refused: GONE };
}

async function login(app: TestApp, { email }: TestUser, password: string): Promise<Answer> {
  return app.call('POST', '/v1/auth/login', { body: { email, password } });
}

const STAKES: Record<string, (fleet: Fleet, admin: TestUser) => Promise<Stake>> = {
  async 'logging out'({ first }) {
    const user = await first.user();
    return { ...byToken(user), revoke: () => first.call('POST', '/v1/auth/logout', { as: user }) };
  },
  async 'logging out everywhere, of another session'({ first }) {
    const user = await first.user();
    const { body } = await login(first, user, TEST_PASSWORD);
    return {
      ...byToken({ authorization: `Bearer ${body.accessToken}` }),
      revoke: () => first.call('POST', '/v1/auth/logout-everywhere', { as: user }),
    };
  },
  async 'changing the password, of another session'({ first }) {
    const user = await first.user();
    const { body } = await login(first, user, TEST_PASSWORD);
    const change = { currentPassword: TEST_PASSWORD, newPassword: 'another password' };
    return {
      ...byToken({ authorization: `Bearer ${body.accessToken}` }),
      revoke: () => first.call('POST', '/v1/auth/password', { as: user, body: change }),
    };
  },
  async 'using a refresh token again'({ first }) {
    const user = await first.user();
    const refresh = (refreshToken: string): Promise<Answer> =>
      first.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
    const { body } = await refresh(user.refreshToken);
    await refresh(body.refreshToken);
    return { ...byToken(user), revoke: () => refresh(user.refreshToken) };
  },
  async 'being disabled'({ first }, admin) {
    const user = await first.user();
    const options = { as: admin, body: { disabled: true } };
    return { ...byToken(user), revoke: () => first.call('PATCH', `/v1/users/${user.id}`, options) };
  },
  async 'being deleted'({ first }, admin) {
    const user = await first.user();
    return { ...byToken(user), revoke: () => first.call('DELETE', `/v1/users/${user.id}`, { as: admin }) };
  },
  async 'revoking a key'({ first }) {
    const as = await first.user();
    const { body } = await first.call('POST', '/v1/api-keys', {
      as,
      body: { name: 'Bot', scopes: ['read'] },
    });
    return {
      ...byToken(as),
      headers: { 'x-api-key': body.key },
      revoke: () => first.call('DELETE', `/v1/api-keys/${body.id}`, { as }),
    };
  },
  async 'ending a share'({ first }) {
    const [owner, friend] = [await first.user(), await first.user()];
    const path = await shared(first, owner, friend);
    return {
      ...byToken(friend),
      ...lost(path),
      revoke: () => first.call('DELETE', `${path}/shares/${friend.id}`, { as: owner }),
    };
  },
  async 'deleting a portfolio'({ first }) {
    const [owner, friend] = [await first.user(), await first.user()];
    const path = await shared(first, owner, friend);
    return {
      ...byToken(friend),
      ...lost(path),
      revoke: () => first.call('DELETE', path, { as: owner }),
    };
  },
};

async function shared(app: TestApp, owner: TestUser, friend: TestUser): Promise<string> {
  const { body } = await app.call('POST', '/v1/portfolios', { as: owner, body: { name: 'Shared' } });
  const path = `/v1/portfolios/${body.id}`;
  await share(app, { portfolioId: body.id, owner, friend });
  return path;
}

function lost(path: string): Pick<Stake, 'channels' | 'notice' | 'refused'> {
  const channels = `ticker:*,pnl:${path.split('/').at(-1)}`;
  return { channels, notice: 'access-lost', refused: { path, status: 404, slug: 'not-found' } };
}

/**
 * Takes what is at stake away and sees it gone on the other node.
 * @returns milliseconds from the answer to the revocation to the end of the last stream
 */
async function timeOf({ second }: Fleet, stake: Stake): Promise<number> {
  const { headers, channels, revoke, notice, refused } = stake;
  const stream = new StreamClient(`${second.url}/v1/streams?channels=${channels}`, { headers });
  const socket = new SocketClient(`${second.url}/v1/ws?channels=${channels}`, { headers });
  await stream.ready();
  await socket.until(() => socket.of('ready').length > 0, 'ready');
  assert.equal((await second.call('GET', refused.path, { headers })).status, 200);
  const answer = await revoke();
  const answered = performance.now();
  assert.ok(answer.status < 300 || answer.status === 401, JSON.stringify(answer.body));
  // The very next request: nothing has to get there first.
  assertProblem(await second.call('GET', refused.path, { headers }), refused.status, refused.slug);
  const ended = Promise.all([stream.closed(), socket.closed()]).then(() => performance.now() - answered);
  let cancel = (): void => undefined;
  const given = new Promise<number>((resolve) => {
    cancel = clock.after(PATIENCE_MS, () => resolve(Number.POSITIVE_INFINITY));
  });
  const took = await Promise.race([ended, given]);
  cancel();
  stream.cut();
  socket.ws.terminate();
  if (!Number.isFinite(took)) return took;
  assert.equal(stream.of('notice').at(-1)?.data.code, notice);
  assert.equal(socket.closeCode, notice === 'revoked' ? 4401 : 4403);
  return took;
}

onFleet(
  'revocation',
  (fleet) => {
    let admin: TestUser;
    before(async () => {
      admin = await fleet().first.user('admin');
    });

    for (const [name, prepare] of Object.entries(STAKES)) {
      it(`by ${name} is over on the other node within a second of the answer`, async () => {
        const times: number[] = [];
        while (!times.some((ms) => ms < PROMISE_MS)) {
          assert.ok(times.length < ATTEMPTS, `it took ${times.join(', ')} ms`);
          times.push(await timeOf(fleet(), await prepare(fleet(), admin)));
        }
      });
    }

    it('of a role counts for the next request on the other node, by token and by key; reading goes on', async () => {
      const { first, second } = fleet();
      const user = await first.user('admin');
      const made = await first.call('POST', '/v1/api-keys', {
        as: user,
        body: { name: 'Bot', scopes: ['read', 'admin'] },
      });
      const ways = [{ authorization: user.authorization }, { 'x-api-key': made.body.key as string }];
      const ask = (headers: object, path: string): Promise<Answer> =>
        second.call('GET', path, { headers: { ...headers } });
      for (const headers of ways) assert.equal((await ask(headers, '/v1/users')).status, 200);
      const stream = new StreamClient(`${second.url}/v1/streams/market`, {
        headers: { authorization: user.authorization },
      });
      await stream.ready();
      const change = { as: admin, body: { role: 'viewer' } };
      assert.equal((await first.call('PATCH', `/v1/users/${user.id}`, change)).status, 200);
      for (const headers of ways) {
        assertProblem(await ask(headers, '/v1/users'), 403, 'forbidden');
        assert.equal((await ask(headers, '/v1/portfolios')).status, 200);
      }
      // Streams are for reading, and that is left to every role.
      assert.equal(stream.isClosed, false);
      stream.cut();
    });

    it('ends what it is about, and nothing else', async () => {
      const { first, second } = fleet();
      const [owner, friend] = [await first.user(), await first.user()];
      const path = await shared(first, owner, friend);
      const open = ({ authorization }: TestUser, to: string): StreamClient =>
        new StreamClient(second.url + to, { headers: { authorization } });
      const id = path.split('/').at(-1);
      const lostOne = open(friend, `/v1/streams/pnl?portfolioId=${id}`);
      const staying = [open(friend, '/v1/streams/market'), open(owner, `/v1/streams/pnl?portfolioId=${id}`)];
      await Promise.all([lostOne, ...staying].map((each) => each.ready()));
      await first.call('DELETE', `${path}/shares/${friend.id}`, { as: owner });
      await lostOne.closed();
      for (const each of staying) {
        assert.equal(each.isClosed, false);
        each.cut();
      }
    });

    describe('of a refresh token that both nodes get at once', () => {
      const refresh = (app: TestApp, refreshToken: string): Promise<Answer> =>
        app.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
      const statusOf = async (app: TestApp, { accessToken }: { accessToken: string }): Promise<number> =>
        (await app.call('GET', '/v1/auth/me', { headers: { authorization: `Bearer ${accessToken}` } }))
          .status;

      it('does not happen the first time: both give the same next one, and there is one line of tokens', async () => {
        const { first, second } = fleet();
        const user = await first.user();
        let { refreshToken } = user;
        for (let turn = 0; turn < 10; turn += 1) {
          const used = refreshToken;
          const answers = await Promise.all([first, second, first, second].map((app) => refresh(app, used)));
          assert.deepEqual(
            answers.map(({ status }) => status),
            [200, 200, 200, 200],
          );
          const next = new Set(answers.map(({ body }) => String(body.refreshToken)));
          assert.equal(next.size, 1, 'one successor');
          [refreshToken = ''] = next;
          assert.notEqual(refreshToken, used);
          const [row] = await first.services
            .db('refresh_tokens')
            .join('sessions', 'sessions.id', 'refresh_tokens.session_id')
            .where({ user_id: user.id, used_at: null })
            .count();
          assert.equal(Number(row?.['count']), 1, 'one token that may be used');
        }
      });

      it('ends the whole family once its successor has been used, whoever else refreshes meanwhile', async () => {
        const { first, second } = fleet();
        for (let turn = 0; turn < 5; turn += 1) {
          const stolen = await first.user();
          const { body: next } = await refresh(first, stolen.refreshToken);
          const { body: latest } = await refresh(second, next.refreshToken);
          const [atFirst, atSecond, owners] = await Promise.all([
            refresh(first, stolen.refreshToken),
            refresh(second, stolen.refreshToken),
            refresh(second, latest.refreshToken),
          ]);
          assertProblem(atFirst, 401, 'unauthorized');
          assertProblem(atSecond, 401, 'unauthorized');
          const all = [stolen, next, latest, ...(owners.status === 200 ? [owners.body] : [])];
          for (const app of [first, second]) {
            for (const pair of all) {
              assert.equal(await statusOf(app, pair), 401);
              assertProblem(await refresh(app, pair.refreshToken), 401, 'unauthorized');
            }
          }
          const audit = await second.call('GET', `/v1/admin/audit?type=refresh-reused&userId=${stolen.id}`, {
            as: admin,
          });
          assert.equal(audit.body.items.length, 1);
        }
      });
    });
  },
  { clock },
);
