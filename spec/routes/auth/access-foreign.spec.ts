import assert from 'node:assert/strict';
import { type Role, ROLE_SCOPES, ROLES } from '../../../lib/tokens/caller.ts';
import type { Endpoint } from '../../../routes/http/endpoint.ts';
import { type Answer, startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { UpbitAccounts } from '../../support/upbit-accounts.ts';
import { share } from '../../support/share.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { CLOSED, nameOf, NO_ID, pathOf, UNLIMITED } from '../../support/routes/door.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const TIME = '2026-01-01T00:00:00Z';
const TRADE = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: TIME };
const MAPPING = {
  name: 'Mine',
  exchange: 'broker',
  columns: { time: 'Time', symbol: 'Market', quantity: 'Size', price: 'Price' },
};
const TRANSFER = { kind: 'deposit', asset: 'KRW', quantity: '1', time: TIME };

/** For each endpoint that takes a body and names a resource: a body that it would take. */
const BODIES: Record<string, unknown> = {
  updateUser: { name: 'Theirs' },
  updatePortfolio: { name: 'Theirs' },
  putShare: { email: 'nobody@example.com', access: 'read' },
  bookTrades: TRADE,
  changeTrade: { price: '2' },
  bookTransfers: TRANSFER,
  changeTransfer: { quantity: '2' },
  settleDecision: { option: 'nothing' },
  bookEntries: { kind: 'deposit', asset: 'KRW', quantity: '1', time: TIME },
  joinEntry: { depositId: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80' },
  changeEntry: { kind: 'deposit', quantity: '2' },
  connectAccount: { exchange: 'upbit', label: 'Theirs', credentials: { apiKey: 'a', secret: 'b' } },
  updateAccount: { paused: true },
  acceptDiscrepancyProposal: { proposal: 'correction' },
};
/** What administrators may do to what is somebody else's: look after users, their keys and their streams. No money. */
const FOR_ADMINS = ['getUser', 'updateUser', 'deleteUser', 'deleteApiKey', 'endStreamSession'];
/** Of streams, which name what they read in their query. */
const QUERIES: Record<string, (portfolioId: string) => string> = {
  openStream: (id) => `?channels=ticker:*,pnl:${id}`,
  openPnlStream: (id) => `?portfolioId=${id}`,
  openWebSocket: (id) => `?channels=fills:${id}`,
};

/** What has to be said in the query, whoever's it is. */
const queryOf = ({ id }: Endpoint): string => (id === 'listFigureEntries' ? '?figure=fees' : '');

const NAMING = CLOSED.filter(({ path }) => path.includes(':'));

describe('what is somebody else’s', () => {
  let app: TestApp;
  let owner: TestUser;
  let strangers: Record<Role, TestUser>;
  let stream: StreamClient;
  let upbit: UpbitAccounts;
  /** The owner's, by the name of the parameter that stands for it. */
  let ids: Record<string, string>;
  let shareUserId: string;

  async function make(as: TestUser, path: string, body: unknown, method = 'POST'): Promise<string> {
    const answer = await app.call(method, path, { as, body });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body.id;
  }

  /** A session of the owner beside the one that asks. */
  async function otherSession(): Promise<string> {
    const login = { email: owner.email, password: TEST_PASSWORD };
    await app.call('POST', '/v1/auth/login', { body: login });
    const { body } = await app.call('GET', '/v1/auth/sessions', { as: owner });
    return body.items.find(({ isCurrent }: { isCurrent: boolean }) => !isCurrent).id;
  }

  /** A row of a file that nobody but its owner can explain. */
  async function undecided(path: string): Promise<string> {
    const file =
      'time,action_desc,action_data,type,change_amount,amount,total\n2026-01-01 00:00:00,Mystery,,BTC,1,0,1\n';
    const response = await fetch(`${app.url}${path}/trades/import?tz=UTC`, {
      method: 'POST',
      headers: { authorization: owner.authorization, 'content-type': 'text/csv' },
      body: file,
    });
    assert.equal(response.status, 200, await response.text());
    const { body } = await app.call('GET', `${path}/decisions`, { as: owner });
    return body.items[0].id;
  }

  before(async () => {
    upbit = await new UpbitAccounts().start();
    app = await startApp({ env: { ...UNLIMITED, ...upbit.env } });
    owner = await app.user();
    const friend = await app.user();
    shareUserId = friend.id;
    strangers = {
      viewer: await app.user('viewer'),
      trader: await app.user(),
      admin: await app.user('admin'),
    };
    const portfolioId = await make(owner, '/v1/portfolios', { name: 'Mine alone' });
    const path = `/v1/portfolios/${portfolioId}`;
    const decisionId = await undecided(path);
    ids = {
      portfolioId,
      tradeId: await make(owner, `${path}/trades`, TRADE),
      transferId: await make(owner, `${path}/transfers`, TRANSFER),
      decisionId,
      entryId: await make(owner, `${path}/entries`, { ...TRANSFER, externalId: 'entry' }),
      matchId: `${decisionId}.${portfolioId}`,
      accountId: await make(owner, `${path}/accounts`, upbit.input),
      discrepancyId: `${decisionId}.BTC.1767225600000`,
      mappingId: await make(owner, '/v1/import-mappings', MAPPING),
      keyId: await make(owner, '/v1/api-keys', { name: 'Robot', scopes: ['read'] }),
    };
    await share(app, { portfolioId, owner, friend });
    stream = new StreamClient(`${app.url}/v1/streams/pnl?portfolioId=${portfolioId}`, {
      headers: { authorization: owner.authorization },
    });
    await stream.ready();
    const { body } = await app.call('GET', '/v1/streams/sessions', { as: owner });
    ids['id'] = body.items[0].id;
    ids['sessionId'] = await otherSession();
  });
  after(async () => {
    stream.cut();
    await app.close();
    await upbit.stop();
  });

  /** The ids in a path that are the owner's. `userId` is the owner, or whom a portfolio is shared with. */
  function idsOf({ path }: Endpoint): Record<string, string> {
    return { ...ids, userId: path.includes(':portfolioId') ? shareUserId : owner.id };
  }

  function ask(as: TestUser, endpoint: Endpoint, path: string): Promise<Answer> {
    return app.call(endpoint.method.toUpperCase(), path, { as, body: BODIES[endpoint.id] });
  }

  it('is told apart by parameters that are all known here, and asked for with bodies that would be taken', () => {
    for (const endpoint of NAMING) {
      for (const [, parameter = ''] of endpoint.path.matchAll(/:(\w+)/g)) {
        assert.ok(idsOf(endpoint)[parameter] !== undefined, `one of the owner’s for :${parameter}`);
      }
      assert.equal(
        BODIES[endpoint.id] === undefined,
        endpoint.body === undefined,
        `a body for ${endpoint.id}`,
      );
      if (endpoint.body !== undefined)
        assert.ok(endpoint.body.safeParse(BODIES[endpoint.id]).success, endpoint.id);
    }
    const reading = CLOSED.filter(({ query }) => {
      const shape = (query as { shape?: object } | undefined)?.shape ?? {};
      return 'portfolioId' in shape || 'channels' in shape;
    });
    assert.deepEqual(reading.map(({ id }) => id).sort(), Object.keys(QUERIES).sort());
  });

  for (const role of ROLES) {
    for (const endpoint of NAMING) {
      const allowed = ROLE_SCOPES[role].includes(endpoint.access as never);
      if (role === 'admin' && FOR_ADMINS.includes(endpoint.id)) continue;
      it(`is for a ${role} as what is not there: ${nameOf(endpoint)}`, async () => {
        const as = strangers[role];
        const foreign = await ask(as, endpoint, pathOf(endpoint, idsOf(endpoint)) + queryOf(endpoint));
        const absent = await ask(as, endpoint, pathOf(endpoint) + queryOf(endpoint));
        assertProblem(foreign, allowed ? 404 : 403, allowed ? 'not-found' : 'forbidden');
        const { requestId: _a, ...said } = foreign.body;
        const { requestId: _b, ...saidOfAbsent } = absent.body;
        assert.deepEqual(said, saidOfAbsent, 'nobody learns which ids are taken');
        const nonsense = await ask(as, endpoint, endpoint.path.replaceAll(/:\w+/g, 'x') + queryOf(endpoint));
        assertProblem(nonsense, foreign.status, allowed ? 'not-found' : 'forbidden');
      });
    }

    it(`is read by no stream of a ${role}`, async () => {
      for (const endpoint of CLOSED) {
        const query = QUERIES[endpoint.id];
        if (query === undefined) continue;
        const { authorization } = strangers[role];
        const knock = async (portfolioId: string): Promise<unknown> => {
          const path = endpoint.path + query(portfolioId);
          if (endpoint.status === 101) return refusalOf(path, authorization);
          const answer = await app.call('GET', path, { as: strangers[role] });
          assertProblem(answer, 404, 'not-found', nameOf(endpoint));
          return answer.body.detail;
        };
        assert.deepEqual(await knock(ids['portfolioId'] ?? ''), await knock(NO_ID));
      }
    });

    it(`stands in no list that a ${role} gets`, async () => {
      const secrets = [...Object.values(ids), owner.id, owner.email];
      for (const endpoint of CLOSED) {
        const { method, path, access, produces, status } = endpoint;
        if (method !== 'get' || path.includes(':') || produces !== undefined || status !== 200) continue;
        if (!ROLE_SCOPES[role].includes(access as never)) continue;
        // Administrators see users, streams and what was done.
        if (role === 'admin' && (access === 'admin' || endpoint.id === 'listStreamSessions')) continue;
        const { body } = await app.call('GET', path, { as: strangers[role] });
        const text = JSON.stringify(body);
        for (const secret of secrets)
          assert.ok(!text.includes(secret), `${nameOf(endpoint)} tells of ${secret}`);
      }
    });
  }

  async function refusalOf(path: string, authorization: string): Promise<unknown> {
    const socket = new SocketClient(app.url + path, { headers: { authorization } });
    await socket.closed();
    assert.equal(socket.refusal?.status, 404);
    return JSON.parse(socket.refusal.body).detail;
  }

  it('is not reached through a portfolio of one’s own either', async () => {
    const as = strangers.trader;
    const portfolioId = await make(as, '/v1/portfolios', { name: 'Own' });
    for (const endpoint of NAMING.filter(({ path }) => /:portfolioId.*:/.test(path))) {
      const path = pathOf(endpoint, { ...idsOf(endpoint), portfolioId });
      assertProblem(await ask(as, endpoint, path), 404, 'not-found', nameOf(endpoint));
    }
  });

  it('is as it was after all that', async () => {
    const { portfolioId, keyId } = ids;
    const portfolio = await app.call('GET', `/v1/portfolios/${portfolioId}`, { as: owner });
    assert.deepEqual([portfolio.body.name, portfolio.body.version], ['Mine alone', 3]);
    const shares = await app.call('GET', `/v1/portfolios/${portfolioId}/shares`, { as: owner });
    assert.deepEqual(
      shares.body.items.map(({ userId }: { userId: string }) => userId),
      [shareUserId],
    );
    const keys = await app.call('GET', '/v1/api-keys', { as: owner });
    assert.deepEqual(
      keys.body.items.map(({ id }: { id: string }) => id),
      [keyId],
    );
    assert.equal((await app.call('GET', '/v1/auth/me', { as: owner })).body.name, null);
    assert.equal(stream.isClosed, false);
  });
});
