import assert from 'node:assert/strict';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { seriesOf } from '../../support/scrape.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';

const TOKEN = 'only the scraper knows this';

describe('metrics', () => {
  let app: TestApp;
  let admin: TestUser;
  let user: TestUser;

  before(async () => {
    app = await startApp({ env: { METRICS_TOKEN: TOKEN, STREAM_QUEUE_KB: '512' } });
    admin = await app.user('admin');
    user = await app.user();
  });
  after(() => app.close());

  async function scrape(): Promise<Map<string, number>> {
    const { status, body, headers } = await app.call('GET', '/metrics', { as: admin });
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    return seriesOf(String(body));
  }

  async function push(count: number): Promise<void> {
    const items = Array.from({ length: count }, (_, index) => ({
      symbol: 'BTC/KRW',
      price: String(1 + index),
      quantity: '1',
      side: 'buy',
    }));
    assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } })).status, 200);
  }

  function open(channels: string, options: { lastEventId?: string | null } = {}): StreamClient {
    return new StreamClient(`${app.url}/v1/streams?channels=${channels}`, {
      headers: { authorization: user.authorization },
      ...options,
    });
  }

  it('are for administrators and the bearer of METRICS_TOKEN', async () => {
    assert.equal((await app.call('GET', '/metrics')).status, 401);
    assert.equal((await app.call('GET', '/metrics', { as: user })).status, 403);
    assert.equal((await app.call('GET', '/metrics', { as: admin })).status, 200);
    for (const [authorization, status] of [
      [`Bearer ${TOKEN}`, 200],
      [`Bearer ${TOKEN}x`, 401],
      [TOKEN, 401],
      ['Bearer ', 401],
    ] as const) {
      assert.equal((await app.call('GET', '/metrics', { headers: { authorization } })).status, status);
    }
    const headers = { authorization: `Bearer ${TOKEN}` };
    assert.equal((await app.call('GET', '/v1/auth/me', { headers })).status, 401);
  });

  it('count connections, events, writes and how streams began', async () => {
    const before = await scrape();
    const sse = open('trade:BTC/KRW');
    await sse.ready();
    const ws = new SocketClient(`${app.url}/v1/ws?channels=trade:BTC/KRW`, {
      headers: { authorization: user.authorization },
    });
    await ws.ready();
    await push(10);
    await sse.until(() => sse.of('trade').length === 10);
    await ws.until(() => ws.of('trade').length === 10);
    const now = await scrape();
    const grown = (name: string): number => (now.get(name) ?? 0) - (before.get(name) ?? 0);
    assert.equal(now.get('marktide_stream_connections{transport="sse"}'), 1);
    assert.equal(now.get('marktide_stream_connections{transport="websocket"}'), 1);
    assert.equal(now.get('marktide_stream_connections{transport="ndjson"}'), 0);
    assert.equal(grown('marktide_stream_connections_total{transport="sse"}'), 1);
    assert.equal(grown('marktide_stream_resumes_total{outcome="fresh"}'), 2);
    assert.equal(grown('marktide_stream_events_sent_total'), 20);
    assert.ok(grown('marktide_broker_events_received_total{log="market"}') >= 10);
    assert.ok(grown('marktide_stream_flushes_total') >= 2);
    assert.ok(grown('marktide_stream_publish_to_write_seconds_count') >= 2);
    assert.ok(grown('marktide_stream_publish_to_write_seconds_sum') < 60);

    sse.cut();
    const resumed = open('trade:BTC/KRW', { lastEventId: sse.lastEventId });
    const reset = open('trade:BTC/KRW', { lastEventId: 'nonsense' });
    await Promise.all([resumed.ready(), reset.ready()]);
    ws.send({ type: 'subscribe', channels: ['ticker:*'] });
    await ws.ready(2);
    const later = await scrape();
    assert.equal(later.get('marktide_stream_resumes_total{outcome="resumed"}'), 1);
    assert.equal(later.get('marktide_stream_resumes_total{outcome="reset-garbled"}'), 1);
    assert.equal(later.get('marktide_stream_ends_total{transport="sse",reason="closed"}'), 1);
    for (const client of [resumed, reset, ws]) client.cut();
  });

  it('count every frame that is dropped, by reason, and the bytes that wait', async () => {
    const slow = open('ticker:BTC/KRW,trade:BTC/KRW');
    await slow.ready();
    slow.pause();
    let waited = 0;
    const ended = 'marktide_stream_ends_total{transport="sse",reason="slow-reader"}';
    let now = await scrape();
    for (let round = 0; round < 200 && !now.has(ended); round += 1) {
      await push(500);
      now = await scrape();
      waited = Math.max(waited, now.get('marktide_stream_queued_bytes') ?? 0);
    }
    assert.equal(now.get(ended), 1);
    assert.ok(waited > 10_000);
    assert.ok((now.get('marktide_stream_dropped_frames_total{reason="conflated"}') ?? 0) > 0);
    assert.ok((now.get('marktide_stream_dropped_frames_total{reason="slow-reader"}') ?? 0) > 0);
    slow.resume();
    await slow.closed();
  });

  it('count requests by route, method and status, with their duration; paths and unknown methods make no series', async () => {
    const D = 'marktide_http_request_duration_seconds';
    const count = (now: Map<string, number>, labels: string): number => now.get(`${D}_count{${labels}}`) ?? 0;
    const before = await scrape();
    const { body } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'P' } });
    await app.call('GET', `/v1/portfolios/${body.id}`, { as: user });
    await app.call('GET', `/v1/portfolios/${body.id}`, { as: admin });
    await app.call('GET', `/v1/portfolios/${body.id}?colour=red`, { as: user });
    await app.services.db.raw('alter table portfolios rename to portfolios_away');
    const failed = await app.call('GET', `/v1/portfolios/${body.id}`, { as: user });
    await app.services.db.raw('alter table portfolios_away rename to portfolios');
    assert.equal(failed.status, 500);
    const unknown = await fetch(`${app.url}/no/such/path`, { method: 'PROPFIND' });
    await unknown.text();
    const now = await scrape();
    const route = 'route="/v1/portfolios/:portfolioId"';
    const grown = (labels: string): number => count(now, labels) - count(before, labels);
    assert.deepEqual(
      ['200', '404', '400', '500'].map((status) => grown(`method="GET",${route},status="${status}"`)),
      [1, 1, 1, 1],
    );
    assert.equal(grown('method="POST",route="/v1/portfolios",status="201"'), 1);
    assert.equal(grown(`method="other",route="other",status="${unknown.status}"`), 1);
    assert.equal(now.get(`${D}_bucket{le="+Inf",method="GET",${route},status="200"}`), 1);
    assert.ok((now.get(`${D}_sum{method="GET",${route},status="200"}`) ?? 0) > 0);
    for (const name of now.keys()) assert.ok(!name.includes(body.id) && !name.includes('such'), name);
    // The scrape itself.
    assert.equal(now.get('marktide_http_requests_in_flight'), 1);
  });

  it('hold the pool of the database and the leases', async () => {
    const now = await scrape();
    assert.equal(now.get('marktide_database_ready'), 1);
    const connections = (state: string): number =>
      now.get(`marktide_database_connections{state="${state}"}`) ?? 0;
    assert.equal(connections('used') + connections('free'), 1);
    assert.equal(now.get('marktide_database_connections_waited_for'), 0);
    assert.equal(now.get('marktide_leases_held{kind="feed"}'), 1);
    const portfolio = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'Watched' } });
    const stream = open(`pnl:${portfolio.body.id}`);
    await stream.ready();
    assert.equal((await scrape()).get('marktide_leases_held{kind="projector"}'), 1);
    assert.ok(((await scrape()).get('marktide_leases_acquired_total{kind="projector"}') ?? 0) >= 1);
    stream.cut();
    // It is given back a while after nobody looks any more.
    const isFree = async (): Promise<boolean> =>
      (await scrape()).get('marktide_leases_held{kind="projector"}') === 0;
    await eventually(isFree, 'a lease given back', { everyMs: 20 });
  });

  it('hold the canary of the broker and the state of the process', async () => {
    const now = await eventually(async () => {
      const scraped = await scrape();
      return scraped.get('marktide_broker_ready') === 1 ? scraped : null;
    }, 'a canary');
    assert.ok((now.get('marktide_broker_round_trip_seconds') ?? Number.NaN) < 60);
    assert.ok((now.get('process_resident_memory_bytes') ?? 0) > 1e6);
    assert.ok((now.get('process_cpu_user_seconds_total') ?? 0) > 0);
    assert.ok((now.get('nodejs_eventloop_lag_p99_seconds') ?? Number.NaN) >= 0);
  });

  it('are open to all with PUBLIC_METRICS=true', async () => {
    const open = await startApp({ env: { PUBLIC_METRICS: 'true' } });
    try {
      assert.equal((await open.call('GET', '/metrics')).status, 200);
    } finally {
      await open.close();
    }
  });
});
