import assert from 'node:assert/strict';
import { createApiKey } from '../../../db/users/api-keys.ts';
import { apiKeyPrefix, hashApiKey, newApiKey } from '../../../lib/tokens/api-key.ts';
import type { Scope } from '../../../lib/tokens/caller.ts';
import { systemClock } from '../../../lib/clock.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { type CandleServer, startCandleServer } from '../../support/candle-server.ts';
import { eventually } from '../../support/eventually.ts';
import { assertProblem } from '../../support/routes/problems.ts';
import { StreamClient } from '../../support/stream-client.ts';

const DAY = 86_400_000;
const AROUND = 10_800_000;
const today = Math.floor(Date.now() / DAY) * DAY;
const iso = (time: number): string => new Date(time).toISOString();

interface Job {
  symbol: string;
  interval: string;
  from: string;
  to: string;
  reached: string;
  state: string;
  candles: number | null;
}

describe('the jobs that fetch past candles, and who may know of them', function () {
  this.timeout(120_000);
  let server: CandleServer;
  let app: TestApp;
  let admin: TestUser;
  let early: TestUser;
  let late: TestUser;
  let stranger: TestUser;
  let earlyId: string;
  const bought = today - 300 * DAY + 10 * 3_600_000;

  async function ledger(as: TestUser, time: number, symbol: string, fee?: object): Promise<string> {
    const { body } = await app.call('POST', '/v1/portfolios', {
      as,
      body: { name: 'P', benchmark: 'BTC/KRW' },
    });
    const trade = { symbol, side: 'buy', quantity: '1', price: '100', time, ...fee };
    const { status } = await app.call('POST', `/v1/portfolios/${body.id}/trades`, { as, body: trade });
    assert.equal(status, 201);
    return body.id;
  }

  async function seen(headers: { as?: TestUser; headers?: Record<string, string> }): Promise<Job[]> {
    const { status, body } = await app.call('GET', '/v1/market/backfills', headers);
    assert.equal(status, 200, JSON.stringify(body));
    return body.items.toSorted((a: Job, b: Job) =>
      `${a.symbol} ${a.interval}`.localeCompare(`${b.symbol} ${b.interval}`),
    );
  }

  async function keyOf(user: TestUser, scopes: Scope[]): Promise<Record<string, string>> {
    const key = newApiKey();
    const draft = {
      userId: user.id,
      name: 'k',
      prefix: apiKeyPrefix(key),
      hash: hashApiKey(key) ?? '',
      scopes,
    };
    const limits = { allowedIps: [], expiresAt: null, requestsPerMinute: null };
    await createApiKey(app.services.db, { ...draft, ...limits }, { clock: systemClock });
    return { 'x-api-key': key };
  }

  before(async () => {
    server = await startCandleServer({
      'KRW-BTC': today - 1_000 * DAY,
      'KRW-ETH': today - 1_000 * DAY,
      'KRW-NEW': today - 1_000 * DAY,
    });
    app = await startApp({
      env: { BACKFILL_EXCHANGES: `upbit?rest=${server.rest}`, PUBLIC_MARKET: 'true' },
    });
    admin = await app.user('admin');
    [early, late, stranger] = [await app.user(), await app.user(), await app.user()];
    earlyId = await ledger(early, bought, 'BTC/KRW', { fee: { amount: '0.01', currency: 'ETH' } });
    await ledger(late, today - 20 * DAY, 'BTC/KRW');
    app.services.backfills.look();
    await eventually(async () => {
      const jobs = await seen({ as: admin });
      return jobs.length === 3 && jobs.every(({ state }) => state === 'done') ? jobs : null;
    }, 'the jobs');
  });
  after(async () => {
    await app.close();
    await server.stop();
  });

  it('are told whole to whose portfolio needs them, and to administrators', async () => {
    const jobs = await seen({ as: early });
    assert.deepEqual(
      jobs.map(({ symbol, interval, from, candles }) => [symbol, interval, from, candles]),
      [
        ['BTC/KRW', '1d', iso(today - 301 * DAY), 301],
        ['ETH/KRW', '1d', iso(today - 301 * DAY), 301],
        ['ETH/KRW', '1m', iso(Math.floor(bought / AROUND) * AROUND), 180],
      ],
    );
    assert.deepEqual(await seen({ as: admin }), jobs);
  });

  it('are told to another holder from the own first entry on', async () => {
    const jobs = await seen({ as: late });
    assert.deepEqual(
      jobs.map(({ symbol, from, to, reached, candles }) => [symbol, from, to, reached, candles]),
      [['BTC/KRW', iso(today - 21 * DAY), iso(today), iso(today), null]],
    );
  });

  it('are unknown to a stranger, to a key without the scope, and to who has logged in nowhere', async () => {
    assert.deepEqual(await seen({ as: stranger }), []);
    assert.deepEqual(await seen({ headers: await keyOf(admin, ['read', 'market:write']) }), []);
    assert.equal((await seen({ headers: await keyOf(admin, ['read', 'admin']) })).length, 3);
    assertProblem(await app.call('GET', '/v1/market/backfills'), 401, 'unauthorized');
  });

  it('are told with a share once it is accepted, and no longer than it lasts', async () => {
    const path = `/v1/portfolios/${earlyId}/shares`;
    const offer = { userId: stranger.id, access: 'read' };
    assert.ok((await app.call('PUT', path, { as: early, body: offer })).status < 300);
    assert.deepEqual(await seen({ as: stranger }), []);
    await app.call('POST', `/v1/invitations/${earlyId}/accept`, { as: stranger });
    assert.equal((await seen({ as: stranger })).length, 3);
    await app.call('DELETE', `${path}/${stranger.id}`, { as: early });
    assert.deepEqual(await seen({ as: stranger }), []);
  });

  it('are told to who asked for them, also by a key', async () => {
    const asker = await app.user('admin');
    const headers = await keyOf(asker, ['read', 'market:write']);
    const body = { symbol: 'NEW/KRW', from: today - 3 * DAY };
    await app.call('POST', '/v1/market/backfills', { headers, body });
    assert.deepEqual(
      (await seen({ headers })).map(({ symbol }) => symbol),
      ['NEW/KRW'],
    );
    assert.deepEqual(await seen({ as: stranger }), []);
  });

  it('leave no symbol in the reasons why an exchange waits', async () => {
    const body = { symbol: 'NEW/KRW', from: today - 9 * DAY, to: today - 6 * DAY };
    server.refuse({ status: 429, headers: { 'retry-after': '60' }, body: '{"name":"too_many_requests"}' });
    await app.call('POST', '/v1/market/backfills', { as: admin, body });
    const troubles = async (as: TestUser): Promise<string[]> =>
      (await app.call('GET', '/v1/market/backfills', { as })).body.troubles;
    await eventually(async () => ((await troubles(admin)).length > 0 ? true : null), 'that it waits');
    assert.match((await troubles(admin)).join(), /NEW\/KRW/);
    assert.deepEqual(await troubles(stranger), ['upbit cannot be asked at present']);
  });

  for (const channel of ['backfill:*', 'backfill:BTC/KRW']) {
    it(`keep ${channel} for administrators, however it is opened`, async () => {
      const path = `/v1/streams?channels=${channel}`;
      assertProblem(await app.call('GET', path), 401, 'unauthorized');
      assertProblem(
        await app.call('GET', `/v1/streams?channels=ticker:*,${channel}`, { as: early }),
        403,
        'forbidden',
      );
      const body = { channels: [channel] };
      const named = await app.call('POST', '/v1/streams/subscriptions', { as: early, body });
      assertProblem(named, 403, 'forbidden');
      const { body: token } = await app.call('POST', '/v1/auth/stream-token', { as: early });
      assertProblem(await app.call('GET', `${path}&token=${token.token}`), 403, 'forbidden');
    });
  }

  for (const way of ['at once', 'by the check, when the message is lost']) {
    it(`end the stream of who is no administrator any more, ${way}`, async () => {
      const former = await app.user('admin');
      const headers = { authorization: former.authorization };
      const stream = new StreamClient(`${app.url}/v1/streams?channels=backfill:*`, { headers });
      await stream.ready();
      if (way === 'at once') {
        const { status } = await app.call('PATCH', `/v1/users/${former.id}`, {
          as: admin,
          body: { role: 'viewer' },
        });
        assert.equal(status, 200);
      } else {
        await app.services.db('users').where({ id: former.id }).update({ role: 'viewer' });
      }
      await stream.closed();
      assertProblem(await app.call('GET', '/v1/streams?channels=backfill:*', { headers }), 403, 'forbidden');
    });
  }
});
