import assert from 'node:assert/strict';
import { ENDPOINTS } from '../../../routes/endpoints.ts';
import type { Answer, TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const TRADE = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: '2026-01-01T00:00:00Z' };

eachApp('a shared portfolio', (app) => {
  let owner: TestUser;
  let reader: TestUser;
  let writer: TestUser;
  let stranger: TestUser;
  let id: string;
  let path: string;

  function invite(body: unknown, as = owner): Promise<Answer> {
    return app().call('PUT', `${path}/shares`, { as, body });
  }

  function answer(as: TestUser, portfolioId = id): Promise<Answer> {
    return app().call('POST', `/v1/invitations/${portfolioId}/accept`, { as });
  }

  async function share(friend: TestUser, access: string): Promise<void> {
    assert.equal((await invite({ userId: friend.id, access })).status, 200);
    assert.equal((await answer(friend)).status, 200);
  }

  before(async () => {
    owner = await app().user();
    reader = await app().user('viewer');
    writer = await app().user();
    stranger = await app().user();
    ({ id } = (await app().call('POST', '/v1/portfolios', { as: owner, body: { name: 'Ours' } })).body);
    path = `/v1/portfolios/${id}`;
    const given = await invite({ email: reader.email.toUpperCase(), access: 'read' });
    assert.equal(given.status, 200, JSON.stringify(given.body));
    const { createdAt, ...rest } = given.body;
    const expected = { userId: reader.id, email: reader.email, name: null, access: 'read', acceptedAt: null };
    assert.deepEqual(rest, expected);
    assert.ok(Date.parse(createdAt) > 0);
    assert.equal((await answer(reader)).status, 200);
    await share(writer, 'write');
  });

  it('is listed by all of them with what they may do, and by nobody else', async () => {
    for (const [user, access] of [
      [owner, 'owner'],
      [reader, 'read'],
      [writer, 'write'],
    ] as const) {
      const { body } = await app().call('GET', '/v1/portfolios', { as: user });
      assert.deepEqual(
        body.items.map((item: { id: string; access: string }) => [item.id, item.access]),
        [[id, access]],
      );
      assert.equal((await app().call('GET', path, { as: user })).body.access, access);
    }
    assert.deepEqual((await app().call('GET', '/v1/portfolios', { as: stranger })).body.items, []);
  });

  it("is listed in one order with one's own, page by page", async () => {
    const friend = await app().user();
    const mine: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const first = await app().call('POST', '/v1/portfolios', { as: friend, body: { name: 'Mine' } });
      const theirs = await app().call('POST', '/v1/portfolios', { as: owner, body: { name: 'Theirs' } });
      const shares = `/v1/portfolios/${theirs.body.id}/shares`;
      // A second share of the same portfolio must not list it twice.
      for (const each of [friend, reader]) {
        await app().call('PUT', shares, { as: owner, body: { userId: each.id, access: 'read' } });
        await answer(each, theirs.body.id);
      }
      mine.push(first.body.id, theirs.body.id);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body }: Answer = await app().call('GET', `/v1/portfolios?limit=2${query}`, { as: friend });
      seen.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(seen, mine);
  });

  it('is read on every path by whom it is shared with, and is not there for a stranger', async () => {
    const paths = ENDPOINTS.filter(
      (each) => each.method === 'get' && /:portfolioId/.test(each.path) && !/shares|:tradeId/.test(each.path),
    );
    assert.ok(paths.length >= 5);
    for (const each of paths) {
      const query = each.id === 'listFigureEntries' ? '?figure=fees' : '';
      const url = each.path.replace(':portfolioId', id) + query;
      const { status } = await app().call('GET', url, { as: owner });
      assert.equal((await app().call('GET', url, { as: reader })).status, status, url);
      assertProblem(await app().call('GET', url, { as: stranger }), 404, 'not-found', url);
    }
  });

  it('is written by those who may, and told apart from one that does not exist for those who may not', async () => {
    const book = (as: TestUser): Promise<Answer> => app().call('POST', `${path}/trades`, { as, body: TRADE });
    const booked = await book(writer);
    assert.equal(booked.status, 201);
    const trade = `${path}/trades/${booked.body.id}`;
    assert.equal((await app().call('GET', trade, { as: reader })).status, 200);
    const patch = { as: writer, body: { price: '2' } };
    assert.equal((await app().call('PATCH', trade, patch)).status, 200);
    const trader = await app().user();
    await share(trader, 'read');
    assertProblem(await book(trader), 403, 'forbidden');
    assertProblem(await app().call('DELETE', trade, { as: trader }), 403, 'forbidden');
    assertProblem(await book(stranger), 404, 'not-found');
    // More access to what was accepted needs no new invitation.
    assert.equal((await invite({ userId: trader.id, access: 'write' })).status, 200);
    assert.equal((await app().call('DELETE', trade, { as: trader })).status, 204);
  });

  it('stays the owner’s: settings, deletion and shares', async () => {
    for (const as of [writer]) {
      assertProblem(await app().call('PATCH', path, { as, body: { name: 'x' } }), 403, 'forbidden');
      assertProblem(await app().call('DELETE', path, { as }), 403, 'forbidden');
      assertProblem(await app().call('GET', `${path}/shares`, { as }), 403, 'forbidden');
      assertProblem(await invite({ userId: stranger.id, access: 'read' }, as), 403, 'forbidden');
      assertProblem(await app().call('DELETE', `${path}/shares/${reader.id}`, { as }), 403, 'forbidden');
    }
    assertProblem(await invite({ userId: stranger.id, access: 'read' }, stranger), 404, 'not-found');
    const { body } = await app().call('GET', `${path}/shares`, { as: owner });
    const access = new Map(
      body.items.map((item: { userId: string; access: string }) => [item.userId, item.access]),
    );
    assert.deepEqual([access.get(reader.id), access.get(writer.id)], ['read', 'write']);
    assert.ok(!access.has(stranger.id));
  });

  it('is shared with users there are, other than the owner', async () => {
    for (const [body, fields] of [
      [{ userId: '00000000-0000-7000-8000-000000000000', access: 'read' }, ['/userId']],
      [{ email: 'nobody@example.com', access: 'read' }, ['/email']],
      [{ email: owner.email, access: 'read' }, ['/email']],
      [{ access: 'read' }, ['/userId']],
      [{ userId: reader.id, email: reader.email, access: 'read' }, ['/userId']],
      [{ userId: reader.id, access: 'owner' }, ['/access']],
    ] as const) {
      const refused = await invite(body);
      assertProblem(refused, 400, 'invalid-request', JSON.stringify(body));
      assertNames(refused, [...fields]);
    }
  });

  it('is streamed to whom it is shared with, until the share ends', async () => {
    const friend = await app().user();
    await share(friend, 'read');
    const open = (as: TestUser): StreamClient =>
      new StreamClient(`${app().url}/v1/streams/pnl?portfolioId=${id}`, {
        headers: { authorization: as.authorization },
      });
    const [theirs, mine] = [open(friend), open(owner)];
    await Promise.all([theirs.ready(), mine.ready()]);
    assert.equal(theirs.of('pnl').at(-1)?.data.portfolioId, id);
    const end = (): Promise<Answer> => app().call('DELETE', `${path}/shares/${friend.id}`, { as: owner });
    assert.equal((await end()).status, 204);
    await theirs.closed();
    assert.equal(theirs.of('notice').at(-1)?.data.code, 'access-lost');
    assertProblem(
      await app().call('GET', `/v1/streams/pnl?portfolioId=${id}`, { as: friend }),
      404,
      'not-found',
    );
    assert.equal(mine.isClosed, false);
    mine.cut();
    assertProblem(await end(), 404, 'not-found');
  });

  it('may be left', async () => {
    const friend = await app().user();
    await share(friend, 'write');
    assert.equal((await app().call('DELETE', `${path}/shares/${friend.id}`, { as: friend })).status, 204);
    assertProblem(await app().call('GET', path, { as: friend }), 404, 'not-found');
  });

  it('ends with its owner, for those who are reading it too', async () => {
    const admin = await app().user('admin');
    const leaving = await app().user();
    const { body } = await app().call('POST', '/v1/portfolios', { as: leaving, body: { name: 'P' } });
    const shares = `/v1/portfolios/${body.id}/shares`;
    await app().call('PUT', shares, { as: leaving, body: { userId: reader.id, access: 'read' } });
    await answer(reader, body.id);
    const stream = new StreamClient(`${app().url}/v1/streams/pnl?portfolioId=${body.id}`, {
      headers: { authorization: reader.authorization },
    });
    await stream.ready();
    await app().call('DELETE', `/v1/users/${leaving.id}`, { as: admin });
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'access-lost');
  });
});
