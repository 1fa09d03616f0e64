import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { PROBLEMS } from '../../lib/problem.ts';
import { problemSchema } from '../../routes/http/problem-body.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { CADDY_NAME, type Caddy, caddyAvailable, startCaddy } from '../support/caddy.ts';
import { freePort } from '../support/free-port.ts';

(caddyAvailable() ? describe : describe.skip)('the example for Caddy', function () {
  this.timeout(60_000);
  let app: TestApp;
  let admin: TestUser;
  let proxy: Caddy;

  before(async () => {
    app = await startApp({
      env: { TRUST_PROXY: '1', ALLOWED_HOSTS: CADDY_NAME, PUBLIC_MARKET: 'true', PUBLIC_METRICS: 'true' },
    });
    admin = await app.user('admin');
    // The second node is down.
    proxy = await startCaddy([new URL(app.url).host, `127.0.0.1:${await freePort()}`]);
  });
  after(async () => {
    await proxy?.stop();
    await app?.close();
  });

  const tls = (): object => ({ ca: proxy.ca, servername: CADDY_NAME, agent: false });

  async function open(
    path: string,
    { method = 'GET', body, headers }: { method?: string; body?: unknown; headers?: object } = {},
  ): Promise<IncomingMessage> {
    const call = request({
      ...tls(),
      host: '127.0.0.1',
      port: proxy.port,
      path,
      method,
      headers: { host: `${CADDY_NAME}:${proxy.port}`, 'content-type': 'application/json', ...headers },
    });
    call.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return response.setEncoding('utf8');
  }

  const push = async (price: string): Promise<void> => {
    const body = { symbol: 'BTC/KRW', price, quantity: '1' };
    await app.call('POST', '/v1/market/ticks', { as: admin, body });
  };

  it('passes events on as they come, by whichever node lives', async () => {
    for (let round = 1; round <= 4; round += 1) {
      const stream = await open('/v1/streams?channels=trade:BTC/KRW', {
        headers: { 'accept-encoding': 'gzip, br' },
      });
      assert.equal(stream.statusCode, 200);
      assert.equal(stream.headers['content-encoding'], undefined);
      let text = '';
      let hasPushed = false;
      // Held back, neither would ever come: there is nothing more to send.
      for await (const chunk of stream) {
        text += String(chunk);
        if (!hasPushed && /^event: ?ready$/m.test(text)) {
          hasPushed = true;
          await push(String(round));
        }
        if (text.includes(`"price":"${round}"`)) break;
      }
      assert.match(text, new RegExp(`"price":"${round}"`));
    }
  });

  it('passes WebSockets on', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/v1/ws?channels=ticker:*`, {
      ...tls(),
      headers: { host: `${CADDY_NAME}:${proxy.port}` },
    });
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.match(data.toString(), /welcome/);
    socket.terminate();
  });

  it('lets the nodes know who asks and that it was https, and keeps their metrics', async () => {
    const login = await open('/v1/auth/login', {
      method: 'POST',
      body: { email: admin.email, password: TEST_PASSWORD },
      headers: { origin: `https://${CADDY_NAME}:${proxy.port}`, 'x-forwarded-for': '192.0.2.9' },
    });
    assert.equal(login.statusCode, 200);
    for (const cookie of login.headers['set-cookie'] ?? assert.fail()) assert.match(cookie, /; secure/i);
    login.resume();
    const audit = await app.call('GET', '/v1/admin/audit?type=login', { as: admin });
    assert.equal(
      audit.body.items[0]?.ip,
      '127.0.0.1',
      'what the proxy saw, not what the client says of itself',
    );
    await assertTold(await open('/metrics'), 404, 'not-found');
  });

  it('tells as the nodes do that none of them can be reached', async () => {
    await app.close();
    await assertTold(await open('/'), 502, 'unavailable');
  });

  /** Caddy's own answer. */
  async function assertTold(
    response: IncomingMessage,
    status: number,
    slug: keyof typeof PROBLEMS,
  ): Promise<void> {
    const { headers } = response;
    assert.equal(response.statusCode, status);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['retry-after'], status > 500 ? '1' : undefined);
    const { requestId, ...rest } = problemSchema.parse(await json(response));
    assert.match(requestId, /^[0-9a-f-]{36}$/);
    assert.equal(headers['x-request-id'], requestId);
    assert.deepEqual(rest, { type: `/problems/${slug}`, title: PROBLEMS[slug][1], status });
  }
});
