import assert from 'node:assert/strict';
import type { Answer, TestApp, TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

eachApp('portfolios', (app) => {
  let user: TestUser;
  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    app().call(method, path, { as: user, body });
  const create = (body: unknown): Promise<Answer> => call('POST', '/v1/portfolios', body);

  before(async () => {
    user = await app().user();
  });

  it('are created with what is given, and sensible defaults for the rest', async () => {
    const plain = await create({ name: 'Long term' });
    assert.equal(plain.status, 201);
    const { id, createdAt, updatedAt, ...rest } = plain.body;
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(updatedAt, createdAt);
    assert.deepEqual(rest, {
      name: 'Long term',
      baseCurrency: 'KRW',
      costMethod: 'average',
      timeZone: 'Asia/Seoul',
      benchmark: 'BTC/KRW',
      cashMode: 'tracked',
      simulated: false,
      access: 'owner',
      version: 0,
    });
    const given = {
      name: '봇 №7 😀',
      baseCurrency: 'USDT',
      costMethod: 'fifo',
      timeZone: 'Europe/Berlin',
      benchmark: 'ETH/USDT',
      cashMode: 'untracked',
      simulated: true,
    };
    const full = await create(given);
    assert.equal(full.status, 201);
    for (const [key, value] of Object.entries(given)) assert.equal(full.body[key], value, key);
    const { body: read } = await call('GET', `/v1/portfolios/${full.body.id}`);
    for (const [key, value] of Object.entries(full.body)) assert.deepEqual(read[key], value, key);
  });

  it('in bitcoin have no benchmark unless one is named', async () => {
    assert.equal((await create({ name: 'Sats', baseCurrency: 'BTC' })).body.benchmark, null);
  });

  it('are refused with the name of what is wrong', async () => {
    const cases: [unknown, string[]][] = [
      [{}, ['/name']],
      [{ name: '' }, ['/name']],
      [{ name: 'x'.repeat(101) }, ['/name']],
      [{ name: 'a\nb' }, ['/name']],
      [{ name: 'a\u0000b' }, ['/name']],
      [{ name: 'a\ud800b' }, ['/name']],
      [{ name: 7 }, ['/name']],
      [{ name: 'P', baseCurrency: 'krw' }, ['/baseCurrency']],
      [{ name: 'P', baseCurrency: null }, ['/baseCurrency']],
      [{ name: 'P', costMethod: 'best' }, ['/costMethod']],
      [{ name: 'P', timeZone: 'Mars/Olympus' }, ['/timeZone']],
      [{ name: 'P', timeZone: '+09:00' }, ['/timeZone']],
      [{ name: 'P', benchmark: 'BTCKRW' }, ['/benchmark']],
      [{ name: 'P', cashMode: '' }, ['/cashMode']],
      [{ name: 'P', colour: 'red', 'a/b~c': 1 }, ['/colour', '/a~1b~0c']],
      [{ name: 'P', version: 3 }, ['/version']],
      [[], ['']],
    ];
    for (const [body, names] of cases) {
      const answer = await create(body);
      assertProblem(answer, 400, 'invalid-request', JSON.stringify(body));
      assertNames(answer, names, JSON.stringify(body));
    }
  });

  it('are changed field by field; the base currency stays', async () => {
    const { body: before } = await create({ name: 'Before', benchmark: 'ETH/KRW' });
    const path = `/v1/portfolios/${before.id}`;
    const renamed = await call('PATCH', path, { name: 'After' });
    assert.equal(renamed.status, 200);
    assert.deepEqual(
      { ...renamed.body, updatedAt: before.updatedAt },
      { ...before, name: 'After', version: 1 },
    );
    assert.deepEqual((await call('PATCH', path, { name: 'After' })).body, renamed.body, 'nothing changes');
    const restated = await call('PATCH', path, {
      costMethod: 'fifo',
      cashMode: 'untracked',
      benchmark: null,
    });
    assert.deepEqual(
      [restated.body.costMethod, restated.body.cashMode, restated.body.benchmark],
      ['fifo', 'untracked', 'BTC/KRW'],
    );
    assert.equal(restated.body.version, 2, 'new terms are a new version of every figure');
    const refused = await call('PATCH', path, { baseCurrency: 'USD' });
    assertProblem(refused, 400, 'invalid-request');
    assertNames(refused, ['/baseCurrency']);
    const { body: kept } = await call('GET', path);
    for (const [key, value] of Object.entries(restated.body)) assert.deepEqual(kept[key], value, key);
  });

  it('are gone with all that is in them when deleted, and so are their streams', async () => {
    const { id } = (await create({ name: 'Short' })).body;
    const trade = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: '2026-01-01T00:00:00Z' };
    assert.equal((await call('POST', `/v1/portfolios/${id}/trades`, trade)).status, 201);
    const stream = new StreamClient(`${app().url}/v1/streams/pnl?portfolioId=${id}`, {
      headers: { authorization: user.authorization },
    });
    await stream.ready();
    assert.equal((await call('DELETE', `/v1/portfolios/${id}`)).status, 204);
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'access-lost');
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/trades'],
      ['GET', '/pnl'],
      ['GET', '/holdings'],
    ] as const) {
      assertProblem(await call(method, `/v1/portfolios/${id}${path}`), 404, 'not-found', path);
    }
    const left: unknown[] = await app().services.db('ledger_entries').where({ portfolio_id: id });
    assert.equal(left.length, 0);
  });

  it('are listed page by page, each once, and only those of the caller', async () => {
    const owner = await app().user();
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const { body } = await app().call('POST', '/v1/portfolios', { as: owner, body: { name: `P${index}` } });
      made.push(body.id);
    }
    assert.deepEqual(await pages(app(), owner, 3), [made.slice(0, 3), made.slice(3, 6), made.slice(6)]);
    assert.deepEqual(await pages(app(), owner, 7), [made]);
    assert.deepEqual(await pages(app(), await app().user(), 7), [[]]);
  });

  it('refuse a page that is none', async () => {
    const cases: [string, string, string][] = [
      ['limit=0', 'invalid-request', 'limit'],
      ['limit=1001', 'invalid-request', 'limit'],
      ['limit=ten', 'invalid-request', 'limit'],
      ['limit=1.5', 'invalid-request', 'limit'],
      ['limit=', 'invalid-request', 'limit'],
      ['limit=1e999', 'invalid-request', 'limit'],
      ['limit=1&limit=2', 'invalid-request', 'limit'],
      ['page=2', 'invalid-request', 'page'],
      ['__proto__=1', 'invalid-request', '__proto__'],
      ['constructor=1', 'invalid-request', 'constructor'],
    ];
    for (const [query, slug, parameter] of cases) {
      const answer = await call('GET', `/v1/portfolios?${query}`);
      assertProblem(answer, 400, slug, query);
      assertNames(answer, [parameter], query);
    }
    for (const cursor of ['x', 'W10', 'WyJ4Il0', '%00', Buffer.from('[null]').toString('base64url')]) {
      assertProblem(await call('GET', `/v1/portfolios?cursor=${cursor}`), 400, 'invalid-cursor', cursor);
    }
  });
});

async function pages(app: TestApp, as: TestUser, limit: number): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | null = null;
  do {
    const query: string = `?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`;
    const { status, body } = await app.call('GET', `/v1/portfolios${query}`, { as });
    assert.equal(status, 200);
    found.push(body.items.map(({ id }: { id: string }) => id));
    cursor = body.nextCursor;
  } while (cursor !== null);
  return found;
}
