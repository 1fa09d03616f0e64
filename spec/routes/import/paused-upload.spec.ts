import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { UPLOAD_PAUSE_MS } from '../../../routes/http/csv-body.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { nginxAvailable, type Proxy, startNginx } from '../../support/nginx.ts';
import { PauseClock } from '../../support/pause-clock.ts';
import { StreamClient } from '../../support/stream-client.ts';

const HEADINGS = 'time,exchange,symbol,side,quantity,price,externalId\n';
const FRAMES: [framing: string, head: string, body: string][] = [
  ['a length', 'Content-Length: 100000\r\n', HEADINGS],
  ['chunks', 'Transfer-Encoding: chunked\r\n', `${HEADINGS.length.toString(16)}\r\n${HEADINGS}\r\n`],
  ['no byte of its body', 'Content-Length: 100000\r\n', ''],
];

for (const through of ['the node', 'nginx'] as const) {
  const suite = through === 'the node' || nginxAvailable() ? describe : describe.skip;
  suite(`a file of trades whose sender pauses, sent to ${through}`, () => {
    const clock = new PauseClock(UPLOAD_PAUSE_MS);
    let app: TestApp;
    let proxy: Proxy | null = null;
    let user: TestUser;
    let portfolio: string;
    let socket: Socket | null = null;

    before(async () => {
      app = await startApp({ clock, env: { TRUST_PROXY: '1' } });
      user = await app.user();
      portfolio = (await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'P' } })).body.id;
      const { host } = new URL(app.url);
      if (through === 'nginx') proxy = await startNginx([host, host]);
    });
    afterEach(() => socket?.destroy());
    after(async () => {
      await proxy?.stop();
      await app?.close();
    });

    async function pausing(
      head: string,
      body: string,
    ): Promise<{ said: () => string; ended: Promise<unknown> }> {
      const { hostname, port } = new URL(proxy?.url ?? app.url);
      const own = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      socket = own;
      let said = '';
      own.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = once(own, 'end');
      await once(own, 'connect');
      own.write(
        `POST /v1/portfolios/${portfolio}/trades/import HTTP/1.1\r\nHost: localhost\r\n` +
          `Authorization: ${user.authorization}\r\nContent-Type: text/csv\r\n${head}\r\n${body}`,
      );
      return { said: () => said, ended };
    }

    for (const [framing, head, body] of FRAMES) {
      it(`is answered with 408, which says how long that may be (${framing})`, async () => {
        const idle = clock.pending;
        const { said, ended } = await pausing(head, body);
        await eventually(() => clock.pending > idle, 'waiting for the rest of the file');
        clock.elapse();
        await ended;
        const [answer = '', problem = ''] = said().split('\r\n\r\n');
        assert.match(answer, /^HTTP\/1\.1 408 /);
        assert.match(answer, /\r\nContent-Type: application\/problem\+json/i);
        const { type, detail } = JSON.parse(problem) as { type: string; detail: string };
        assert.equal(type, '/problems/request-timeout');
        assert.match(detail, /30 seconds.*Send the file again\./);
      });
    }

    if (through === 'the node') {
      it('is booked when the rest came while the process was held', async () => {
        const idle = clock.pending;
        const rest = '2026-03-02T09:00:00Z,bot,BTC/KRW,buy,1,90000000,late\n';
        const length = HEADINGS.length + rest.length;
        const { said, ended } = await pausing(`Content-Length: ${length}\r\nConnection: close\r\n`, HEADINGS);
        await eventually(() => clock.pending > idle, 'waiting for the rest of the file');
        socket?.write(rest);
        clock.elapse();
        await ended;
        assert.match(said(), /^HTTP\/1\.1 201 /);
        const path = `/v1/portfolios/${portfolio}/trades`;
        const { body } = await app.call('GET', path, { as: user });
        await app.call('DELETE', `${path}/${body.items[0].id}`, { as: user });
      });
    }

    it('books nothing, tells its progress, and leaves its place to the next file', async () => {
      const headers = { authorization: user.authorization };
      const stream = new StreamClient(`${app.url}/v1/streams?channels=imports:${portfolio}`, { headers });
      await stream.ready();
      const idle = clock.pending;
      for (let n = 0; n < 4; n += 1) {
        const row = `2026-03-02T09:00:00Z,bot,BTC/KRW,buy,1,90000000,paused-${n}\n`;
        const { ended } = await pausing('Content-Length: 100000\r\n', HEADINGS + row);
        await eventually(() => clock.pending > idle, 'waiting for the rest of the file');
        clock.elapse();
        await ended;
        socket?.destroy();
      }
      await stream.until(() => stream.of('import').some(({ data }) => /30 seconds/.test(data.detail ?? '')));
      stream.cut();
      const { body } = await app.call('GET', `/v1/portfolios/${portfolio}/trades`, { as: user });
      assert.deepEqual(body.items, []);
      const file = await fetch(`${app.url}/v1/portfolios/${portfolio}/trades/import`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'text/csv' },
        body: `${HEADINGS}2026-03-02T09:00:00Z,bot,BTC/KRW,buy,1,90000000,whole\n`,
      });
      assert.equal(file.status, 201, await file.text());
    });
  });
}
