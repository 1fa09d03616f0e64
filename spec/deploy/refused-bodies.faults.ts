import assert from 'node:assert/strict';
import { logIn } from '../support/node-process.ts';
import { type ProxiedFleet, startProxiedFleet } from './proxied-fleet.ts';

const REQUESTS = Number(process.env['REQUESTS'] ?? 189);

/** What is stuck here is answered by nginx after a minute. */
const PROMPT_MS = 20_000;

/**
 * nginx keeps its connections to the nodes and puts everybody's requests on them: a connection on which the rest of a
 * refused body still waits would swallow the next person's request.
 */
describe('bodies that are refused, behind nginx', function () {
  this.timeout(300_000);
  let fleet: ProxiedFleet;
  before(async () => {
    fleet = await startProxiedFleet();
  });
  after(() => fleet?.stop());

  it(`${REQUESTS} requests of others are answered beside as many refused bodies`, async () => {
    const { url } = fleet.proxy;
    const authorization = await logIn(url);
    const json = { 'content-type': 'application/json' };
    const made = await fetch(`${url}/v1/portfolios`, {
      method: 'POST',
      headers: { ...json, authorization },
      body: '{"name":"P"}',
    });
    const { id } = (await made.json()) as { id: string };
    const path = `/v1/portfolios/${id}/trades`;
    const csv = { authorization, 'content-type': 'text/csv' };
    const attacks: [status: number, path: string, headers: Record<string, string>][] = [
      [400, `${path}/import`, csv],
      [401, path, json],
      [401, `${path}/import`, { 'content-type': 'text/csv' }],
      [405, '/v1/auth/me', json],
      [413, '/v1/auth/login', json],
      [415, path, { ...json, authorization, 'content-encoding': 'gzip' }],
      [415, '/v1/auth/login', { ...json, 'content-encoding': 'br' }],
    ];
    const sizes = [40_000, 200_000, 1_000_000];

    async function attack(n: number): Promise<void> {
      const [status, where, headers] = attacks[n % attacks.length] ?? [];
      const size = sizes[Math.floor(n / attacks.length) % sizes.length] ?? 0;
      // More than 64 KB would not get past nginx here.
      const body = Buffer.alloc(where?.startsWith('/v1/auth/') === true ? 40_000 : size);
      const answer = await fetch(url + where, { method: 'POST', headers: headers ?? {}, body });
      await answer.text();
      assert.equal(answer.status, status, `${where} ${JSON.stringify(headers)}`);
    }
    async function other(): Promise<void> {
      const answer = await fetch(`${url}/v1/auth/me`, {
        headers: { authorization },
        signal: AbortSignal.timeout(PROMPT_MS),
      });
      await answer.text();
      assert.equal(answer.status, 200);
    }
    for (let n = 0; n < REQUESTS; n += 1) {
      await attack(n);
      await Promise.all([other(), attack(n + 3)]);
    }
    assert.doesNotMatch(fleet.proxy.errors(), /timed out|reset by peer|prematurely/);
  });
});
