import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { nginxAvailable } from '../support/nginx.ts';
import { logIn } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable } from '../support/redis-server.ts';
import { SocketClient } from '../support/socket-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { type ProxiedFleet, startProxiedFleet } from './proxied-fleet.ts';
import { killNodes, rollingRestart } from './scenarios.ts';

const available = nginxAvailable() && postgresAvailable() && redisAvailable();

(available ? describe : describe.skip)('two nodes behind nginx with the example configuration', function () {
  this.timeout(180_000);
  let fleet: ProxiedFleet;
  let url: string;

  before(async () => {
    fleet = await startProxiedFleet();
    url = fleet.proxy.url;
  });
  after(() => fleet?.stop());

  it('streams and WebSockets come as they are sent; REST, problems and addresses come through', async () => {
    const authorization = await logIn(url);
    const headers = { authorization };
    const sse = new StreamClient(`${url}/v1/streams?channels=trade:BTC/KRW`);
    const socket = new SocketClient(`${url}/v1/ws?channels=trade:BTC/KRW`, { headers });
    // Buffered, neither would ever be in step: there is nothing more to send.
    await Promise.all([sse.ready(), socket.ready()]);
    const pushed = await fetch(`${url}/v1/market/ticks`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.9' },
      body: JSON.stringify({ symbol: 'BTC/KRW', price: '1', quantity: '1' }),
    });
    assert.equal(pushed.status, 200);
    await sse.until(() => sse.of('trade').length === 1);
    await socket.until(() => socket.of('trade').length === 1);
    sse.cut();
    socket.cut();

    const problem = await fetch(`${url}/v1/portfolios`);
    assert.equal(problem.status, 401);
    assert.equal(problem.headers.get('content-type'), 'application/problem+json');
    await problem.text();
    assert.equal((await fetch(`${url}/metrics`)).status, 404);
    await fetch(`${url}/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.9' },
      body: JSON.stringify({ email: 'nobody@example.com', password: 'wrong password' }),
    });
    const audit = await fetch(`${url}/v1/admin/audit?type=login-failed`, { headers });
    const { items } = (await audit.json()) as { items: { ip: string }[] };
    // What the proxy saw, not what the client says of itself.
    assert.equal(items[0]?.ip, '127.0.0.1');
  });

  it('a node that is killed loses no event: its readers go on with the other', () => killNodes(fleet, 1));

  (browserAvailable() ? describe : describe.skip)('with a browser', () => {
    let browser: Browser;
    before(async () => {
      browser = await launchBrowser();
    });
    after(() => browser?.close());

    it('a rolling restart under load loses no event and fails no request, and no EventSource is killed', async () => {
      await rollingRestart(fleet, await browser.newPage(), 1);
    });
  });

  describe('with no node left', () => {
    it('it hangs up on streams, so that an EventSource comes back', async () => {
      await Promise.all(fleet.nodes.map((node) => node.end('SIGKILL')));
      const stream = new StreamClient(`${url}/v1/streams?channels=trade:BTC/KRW`);
      await stream.closed();
      assert.equal(stream.status, 0);
      const refused = await fetch(`${url}/v1/portfolios`);
      const { type, status } = (await refused.json()) as { type: string; status: number };
      assert.deepEqual([refused.status, status, type], [502, 502, '/problems/unavailable']);
      assert.equal(refused.headers.get('content-type'), 'application/problem+json');
      assert.equal(refused.headers.get('retry-after'), '1');
    });
  });
});
