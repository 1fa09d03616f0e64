import assert from 'node:assert/strict';
import type { Answer, TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertProblem } from '../../support/routes/problems.ts';

eachApp('an invitation to a portfolio', (app) => {
  let owner: TestUser;
  let friend: TestUser;
  let portfolioId: string;

  const call = (method: string, path: string, as: TestUser, body?: unknown): Promise<Answer> =>
    app().call(method, path, { as, ...(body === undefined ? {} : { body }) });
  const invite = (user: TestUser, access = 'read'): Promise<Answer> =>
    call('PUT', `/v1/portfolios/${portfolioId}/shares`, owner, { userId: user.id, access });
  const idsOf = async (path: string, as: TestUser, key = 'id'): Promise<string[]> =>
    (await call('GET', path, as)).body.items.map((item: Record<string, string>) => item[key]);
  const invitations = (as: TestUser): Promise<string[]> => idsOf('/v1/invitations', as, 'portfolioId');

  beforeEach(async () => {
    owner = await app().user();
    friend = await app().user('viewer');
    portfolioId = (await call('POST', '/v1/portfolios', owner, { name: 'Ours' })).body.id;
  });

  it('puts nothing into the lists of the user, and opens nothing, until it is accepted', async () => {
    assert.equal((await invite(friend, 'write')).status, 200);
    assert.deepEqual(await idsOf('/v1/portfolios', friend), []);
    assertProblem(await call('GET', `/v1/portfolios/${portfolioId}`, friend), 404, 'not-found');
    const stream = `/v1/streams/pnl?portfolioId=${portfolioId}`;
    assertProblem(await call('GET', stream, friend), 404, 'not-found');

    const { body } = await call('GET', '/v1/invitations', friend);
    const [{ createdAt, ...invitation }] = body.items;
    assert.deepEqual(invitation, {
      portfolioId,
      portfolioName: 'Ours',
      access: 'write',
      from: { userId: owner.id, email: owner.email, name: null },
    });
    assert.ok(Date.parse(createdAt) > 0);

    const accepted = await call('POST', `/v1/invitations/${portfolioId}/accept`, friend);
    assert.equal(accepted.status, 200);
    assert.deepEqual([accepted.body.id, accepted.body.access], [portfolioId, 'write']);
    assert.deepEqual(await idsOf('/v1/portfolios', friend), [portfolioId]);
    assert.deepEqual(await invitations(friend), []);
    const [share] = (await call('GET', `/v1/portfolios/${portfolioId}/shares`, owner)).body.items;
    assert.ok(Date.parse(share.acceptedAt) > 0);
    const open = new StreamClient(app().url + stream, { headers: { authorization: friend.authorization } });
    await open.ready();
    open.cut();
  });

  it('is answered once, and by nobody else', async () => {
    await invite(friend);
    const stranger = await app().user();
    const answers = [
      ['POST', `/v1/invitations/${portfolioId}/accept`],
      ['DELETE', `/v1/invitations/${portfolioId}`],
    ] as const;
    for (const [method, path] of answers) {
      for (const as of [stranger, owner]) assertProblem(await call(method, path, as), 404, 'not-found');
    }
    assert.equal((await call('POST', `/v1/invitations/${portfolioId}/accept`, friend)).status, 200);
    for (const [method, path] of answers) assertProblem(await call(method, path, friend), 404, 'not-found');
    assert.deepEqual(await idsOf('/v1/portfolios', friend), [portfolioId]);
  });

  it('can be declined, and be made again', async () => {
    await invite(friend);
    assert.equal((await call('DELETE', `/v1/invitations/${portfolioId}`, friend)).status, 204);
    assert.deepEqual(await invitations(friend), []);
    assert.deepEqual(await idsOf(`/v1/portfolios/${portfolioId}/shares`, owner, 'userId'), []);
    await invite(friend);
    assert.deepEqual(await invitations(friend), [portfolioId]);
  });

  it('can be taken back', async () => {
    await invite(friend);
    const path = `/v1/portfolios/${portfolioId}/shares/${friend.id}`;
    assert.equal((await call('DELETE', path, owner)).status, 204);
    assert.deepEqual(await invitations(friend), []);
    assertProblem(await call('POST', `/v1/invitations/${portfolioId}/accept`, friend), 404, 'not-found');
  });

  it('is needed once: who has accepted keeps the portfolio when its access changes', async () => {
    await invite(friend);
    await call('POST', `/v1/invitations/${portfolioId}/accept`, friend);
    const [before] = (await call('GET', `/v1/portfolios/${portfolioId}/shares`, owner)).body.items;
    const { body } = await invite(friend, 'write');
    assert.deepEqual(body, { ...before, access: 'write' });
    assert.deepEqual(await invitations(friend), []);
    assert.equal((await call('GET', `/v1/portfolios/${portfolioId}`, friend)).body.access, 'write');
  });

  it('goes with its portfolio, and waits while its owner is disabled', async () => {
    await invite(friend);
    const admin = await app().user('admin');
    await call('PATCH', `/v1/users/${owner.id}`, admin, { disabled: true });
    assert.deepEqual(await invitations(friend), []);
    await call('PATCH', `/v1/users/${owner.id}`, admin, { disabled: false });
    assert.deepEqual(await invitations(friend), [portfolioId]);
    const { body } = await call('POST', '/v1/auth/login', owner, {
      email: owner.email,
      password: 'correct horse battery',
    });
    const again = { ...owner, authorization: `Bearer ${body.accessToken}` };
    assert.equal((await call('DELETE', `/v1/portfolios/${portfolioId}`, again)).status, 204);
    assert.deepEqual(await invitations(friend), []);
  });

  it('is listed page by page', async () => {
    const made: string[] = [];
    for (const name of ['One', 'Two', 'Three']) {
      portfolioId = (await call('POST', '/v1/portfolios', owner, { name })).body.id;
      made.push(portfolioId);
      await invite(friend);
    }
    const first = await call('GET', '/v1/invitations?limit=2', friend);
    const rest = await call('GET', `/v1/invitations?limit=2&cursor=${first.body.nextCursor}`, friend);
    const seen = [...first.body.items, ...rest.body.items];
    assert.deepEqual(
      seen.map((item: { portfolioId: string }) => item.portfolioId),
      made,
    );
    assert.equal(rest.body.nextCursor, null);
  });
});
