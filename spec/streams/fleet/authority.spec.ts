import assert from 'node:assert/strict';
import { type Clock, systemClock } from '../../../lib/clock.ts';
import { CHECK_MS, publishControl } from '../../../streams/fleet/authority.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { share } from '../../support/share.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';

onPostgres('a revocation while a stream is being opened', () => {
  let app: TestApp;
  let owner: TestUser;
  let portfolioId: string;
  before(async () => {
    // Without the check of every few seconds, which would end what the announcement has missed.
    const every: Clock['every'] = (ms, task) =>
      ms === CHECK_MS ? () => undefined : systemClock.every(ms, task);
    app = await startApp({
      databaseUrl: await newPostgresDatabase(),
      clock: { ...systemClock, every },
    });
    owner = await app.user();
    const { body } = await app.call('POST', '/v1/portfolios', { as: owner, body: { name: 'Ours' } });
    portfolioId = body.id;
  });
  after(() => app.close());

  /** Runs `meanwhile` once what `begin` has begun waits to read the table. */
  async function whileWaitingFor(
    table: string,
    begin: () => void,
    meanwhile: () => Promise<void>,
  ): Promise<void> {
    const { db } = app.services;
    await db.transaction(async (trx) => {
      await trx.raw(`lock table ${table} in access exclusive mode`);
      begin();
      const isWaiting = async (): Promise<boolean> => {
        const { rows } = await trx.raw<{ rows: unknown[] }>(
          'select 1 from pg_locks where not granted and relation = ?::regclass',
          [table],
        );
        return rows.length > 0;
      };
      await eventually(isWaiting, 'a reader that waits for the table');
      await meanwhile();
    });
  }

  it('ends the stream of a session that was ended after its token was looked at', async () => {
    const user = await app.user();
    const { body } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'Mine' } });
    let stream: StreamClient | undefined;
    const open = (): void => {
      stream = new StreamClient(`${app.url}/v1/streams/pnl?portfolioId=${body.id}`, {
        headers: { authorization: user.authorization },
      });
    };
    await whileWaitingFor('portfolios', open, async () => {
      const { status } = await app.call('POST', '/v1/auth/logout', { as: user });
      assert.equal(status, 204);
    });
    assert.ok(stream);
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
    assert.equal(stream.of('pnl').length, 0, 'it was told something all the same');
  });

  it('closes a WebSocket that comes to read what is shared no more', async () => {
    const friend = await app.user();
    const shares = `/v1/portfolios/${portfolioId}/shares`;
    await share(app, { portfolioId, owner, friend });
    const socket = new SocketClient(`${app.url}/v1/ws`, { headers: { authorization: friend.authorization } });
    await socket.until(() => socket.of('welcome').length > 0, 'welcome');
    const subscribe = (): void => socket.send({ type: 'subscribe', channels: [`pnl:${portfolioId}`] });
    await whileWaitingFor('positions', subscribe, async () => {
      const { status } = await app.call('DELETE', `${shares}/${friend.id}`, { as: owner });
      assert.equal(status, 204);
    });
    await socket.closed();
    assert.equal(socket.closeCode, 4403);
    assert.equal(socket.of('pnl').length, 0, 'it was told something all the same');
  });

  it('of somebody else, or from before it began, does it no harm', async () => {
    const { broker, authority, hub } = app.services;
    const user = await app.user();
    const sessions = hub.streams().length;
    // Had been disabled, and is not any more.
    await publishControl(broker, { type: 'user-disabled', userId: user.id });
    const mark = authority.mark();
    const stream = new StreamClient(`${app.url}/v1/streams/market`, {
      headers: { authorization: user.authorization },
    });
    await stream.ready();
    assert.equal(authority.mark(), mark);
    await publishControl(broker, { type: 'user-disabled', userId: owner.id });
    await app.call('GET', '/healthz');
    assert.equal(stream.isClosed, false);
    assert.equal(hub.streams().length, sessions + 1);
    stream.cut();
  });
});
