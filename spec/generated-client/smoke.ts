import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from '../../lib/client/schema.ts';

/** What a stranger writes who has nothing but the OpenAPI document, and what it says must be refused at compile time. */
export async function keepBooks(url: string, login: { email: string; password: string }): Promise<void> {
  const client = createClient<paths>({ baseUrl: url });
  const { data: session } = await client.POST('/v1/auth/login', { body: login });
  assert.ok(session !== undefined);
  client.use({
    onRequest({ request }) {
      request.headers.set('authorization', `Bearer ${session.accessToken}`);
    },
  });

  const { data: portfolio } = await client.POST('/v1/portfolios', { body: { name: 'A stranger’s' } });
  assert.ok(portfolio !== undefined);
  const path = { portfolioId: portfolio.id };
  const fill = {
    externalId: '1',
    symbol: 'BTC/KRW',
    side: 'buy',
    quantity: '2',
    price: '100',
    time: '2026-03-02T09:00:00Z',
  } as const;
  const booked = await client.POST('/v1/portfolios/{portfolioId}/trades', { params: { path }, body: fill });
  assert.equal(booked.response.status, 201);

  const { data: list } = await client.GET('/v1/portfolios/{portfolioId}/trades', {
    params: { path, query: { limit: 1, sort: 'time' } },
  });
  const [trade] = list?.items ?? [];
  assert.ok(trade !== undefined);
  const price: string = trade.price;
  const realised: string | null | undefined = trade.realizedPnl?.net;
  assert.deepEqual([price, realised], ['100', undefined]);

  const again = await client.POST('/v1/portfolios/{portfolioId}/trades', {
    params: { path },
    body: { ...fill, price: '101' },
  });
  assert.ok(again.error !== undefined);
  const refusal: components['schemas']['Problem'] = again.error;
  assert.deepEqual([refusal.status, refusal.type], [409, '/problems/trade-conflict']);

  const { data: pnl } = await client.GET('/v1/portfolios/{portfolioId}/pnl', { params: { path } });
  const equity: string | null | undefined = pnl?.equity;
  assert.ok(equity !== undefined);
  const gone = await client.DELETE('/v1/portfolios/{portfolioId}', { params: { path } });
  assert.equal(gone.response.status, 204);
}

/** Never called: each line is wrong, and the compiler must say so. */
export async function mistakes(url: string): Promise<void> {
  const client = createClient<paths>({ baseUrl: url });
  // @ts-expect-error -- there is no such path
  await client.GET('/v1/portfolio');
  // @ts-expect-error -- a portfolio has a name
  await client.POST('/v1/portfolios', { body: {} });
  const params = { path: { portfolioId: '' }, query: { sort: 'colour' } } as const;
  // @ts-expect-error -- trades are not sorted by colour
  await client.GET('/v1/portfolios/{portfolioId}/trades', { params });
  const { data } = await client.GET('/v1/market/tickers');
  // @ts-expect-error -- decimals are strings
  const price: number | undefined = data?.items[0]?.price;
  assert.equal(price, undefined);
}
