import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import type { TestUser } from '../support/app.ts';
import { watch } from '../support/log-watch.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { COSTLY } from './costly.ts';
import { BAR_MS, type HeldApp, startHeldApp } from './held-app.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 60);
const EPOCH = Date.UTC(2024, 0, 1);
const HOUR_MS = 3_600_000;

/** What there is to read: many assets over two years, and one asset with very many lots. */
async function fill({ app }: HeldApp, as: TestUser, path: string): Promise<void> {
  for (let batch = 0; batch < 6; batch += 1) {
    const items = Array.from({ length: 1_000 }, (_, n) => ({
      symbol: batch < 3 ? `C${n % 250}/KRW` : 'LOTS/KRW',
      side: n % 9 === 8 ? 'sell' : 'buy',
      quantity: n % 9 === 8 ? '0.01' : '0.123456789',
      price: String(1_000 + n),
      fee: { amount: '1.5', currency: 'KRW' },
      time: EPOCH + (batch * 1_000 + n) * 2 * HOUR_MS,
      note: `아침에 산 비트코인 ${n}`,
    }));
    assert.equal((await app.call('POST', `${path}/trades`, { as, body: { items } })).status, 201);
  }
  const admin = await app.user('admin');
  const ticks = ['C1/KRW', 'C2/KRW', 'BTC/KRW'].map((symbol) => ({ symbol, price: '1234', quantity: '1' }));
  await app.call('POST', '/v1/market/ticks', { as: admin, body: { items: ticks } });
}

for (const backend of ['embedded', 'postgres'] as const) {
  const suite = backend === 'embedded' || postgresAvailable() ? describe : describe.skip;
  suite(`what a request may cost (${backend}), ${RUNS} of each kind`, function () {
    this.timeout(0);
    let held: HeldApp;
    let user: TestUser;
    let full: string;
    let empty: string;
    before(async () => {
      held = await startHeldApp(backend);
      user = await held.app.user();
      const made = async (costMethod: string): Promise<string> => {
        const body = { name: 'P', cashMode: 'untracked', costMethod };
        return `/v1/portfolios/${(await held.app.call('POST', '/v1/portfolios', { as: user, body })).body.id}`;
      };
      full = await made('fifo');
      empty = await made('average');
      await fill(held, user, full);
    });
    after(async () => {
      // What stands here where secrets do is known to everybody, and is in every log.
      watch.take();
      await held?.close();
    });

    for (const [kind, requests] of Object.entries(COSTLY)) {
      it(`${kind} hold the event loop for ${BAR_MS} ms at most`, async () => {
        const property = fc.asyncProperty(requests, async ({ method, path, headers, body }) => {
          const answer = await held.send((round) => ({
            method,
            path: path.replace('/v1/portfolios/:id', method === 'GET' ? full : empty),
            headers: { authorization: user.authorization, ...headers },
            body: body?.(`${randomUUID()}-${round}`),
          }));
          const at = `${method} ${path.slice(0, 400)} → ${answer.status}`;
          assert.ok(answer.status < 500, `${at}\n${answer.text.slice(0, 2_000)}`);
          assert.ok(answer.held <= BAR_MS, `${at}: ${answer.held.toFixed(1)} ms`);
        });
        await fc.assert(property, {
          numRuns: RUNS,
          // The first is as telling as the least, and each attempt takes its time.
          endOnFailure: true,
        });
      });
    }
  });
}
