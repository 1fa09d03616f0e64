import assert from 'node:assert/strict';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable } from '../support/redis-server.ts';
import { fillsOf, fillsSince, RewoundFleet } from '../support/rewound-fleet.ts';
import { say } from './say.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 6);
const LONGEST = 40;

function anyLength(): number {
  return 1 + Math.floor(Math.random() * LONGEST);
}

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'a database that goes back in time again and again, with Redis kept',
  function () {
    this.timeout(300_000);
    let fleet: RewoundFleet;

    before(async () => {
      fleet = await RewoundFleet.start();
    });
    after(() => fleet?.stop());

    it('leaves no ghost, and each later fill is told once on both nodes', async () => {
      const portfolioId = await fleet.newPortfolio();
      let kept = 0;
      for (let round = 1; round <= ROUNDS; round += 1) {
        const [before, lost, after] = [anyLength(), anyLength(), anyLength()];
        await fleet.book(portfolioId, before);
        kept += before;
        await fleet.keepState();
        await fleet.restart();
        const streams = await fleet.watch(portfolioId);
        await fleet.book(portfolioId, lost);
        for (const stream of streams) {
          await stream.until(() => fillsOf(stream).length === lost, 'the fills that will be lost');
        }
        const { headers, body } = await fleet.get(1, portfolioId, '/pnl');
        await fleet.rewind();
        for (const stream of streams) {
          await stream.until(() => stream.of('reset').length > 0, 'the reset');
          await stream.until(
            () => stream.of('pnl').at(-1)?.data.costBasis === String(kept),
            'the true state',
          );
        }
        const booked = await fleet.book(portfolioId, after);
        kept += after;
        for (const stream of streams) {
          const told = (): string[] => fillsSince(stream, 'first reset');
          await stream.until(() => told().length >= after, 'the fills');
          assert.deepEqual(told(), booked);
          assert.equal(stream.of('reset').length, 1);
          stream.cut();
        }
        for (const node of [0, 1]) {
          const ifNoneMatch = { 'if-none-match': headers.get('etag') ?? '' };
          const answer = await fleet.get(node, portfolioId, '/pnl', { headers: ifNoneMatch });
          assert.equal(answer.status, 200);
          assert.equal(answer.body.costBasis, String(kept));
          assert.notEqual(answer.body.position, body.position);
        }
        say(`${lost} fills lost, ${after} told once`);
      }
    });
  },
);
