import assert from 'node:assert/strict';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable } from '../../support/redis-server.ts';
import { fillsOf, fillsSince, RewoundFleet } from '../../support/rewound-fleet.ts';

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'a fleet whose database went back in time, with Redis kept',
  function () {
    this.timeout(60_000);
    let fleet: RewoundFleet;

    before(async () => {
      fleet = await RewoundFleet.start();
    });
    after(() => fleet?.stop());

    it('goes on as before when PostgreSQL has only restarted', async () => {
      const portfolioId = await fleet.newPortfolio();
      await fleet.book(portfolioId, 2);
      const streams = await fleet.watch(portfolioId);
      await fleet.restart();
      const booked = await fleet.book(portfolioId, 3);
      for (const stream of streams) {
        await stream.until(() => fillsOf(stream).length === 3, 'the fills');
        assert.deepEqual(fillsOf(stream), booked);
        await stream.until(() => stream.of('pnl').at(-1)?.data.costBasis === '5');
        assert.deepEqual(stream.of('reset'), []);
        stream.cut();
      }
    });

    it('resets the streams, tells each later fill once, and answers nothing from the lost time', async () => {
      const portfolioId = await fleet.newPortfolio();
      await fleet.book(portfolioId, 10);
      const streams = await fleet.watch(portfolioId);
      await fleet.keepState();
      await fleet.restart();
      const lost = await fleet.book(portfolioId, 15);
      for (const stream of streams) {
        await stream.until(() => fillsOf(stream).length === 15, 'the fills that will be lost');
        await stream.until(() => stream.of('pnl').at(-1)?.data.costBasis === '25');
      }
      const paths = ['', '/pnl', '/holdings', '/trades'];
      const before = await Promise.all(paths.map((path) => fleet.get(0, portfolioId, path)));

      await fleet.rewind();
      // Nobody books: the streams learn of it all the same.
      for (const stream of streams) {
        await stream.until(() => stream.of('reset').length > 0, 'the reset');
        await stream.until(() => stream.of('pnl').at(-1)?.data.costBasis === '10', 'the true state');
      }
      const booked = await fleet.book(portfolioId, 15);
      for (const stream of streams) {
        await stream.until(() => stream.of('pnl').at(-1)?.data.costBasis === '25', 'the state after them');
        // A node that loses Redis for a moment, on a busy machine, resets them once more: then some fills are in the state
        // only. None is told twice, and none of another time.
        const told = fillsSince(stream, 'first reset').filter((id) => booked.includes(id));
        assert.equal(new Set(told).size, told.length, 'a fill was told twice');
        assert.deepEqual(
          told,
          booked.filter((id) => told.includes(id)),
        );
        if (stream.of('reset').length === 1) {
          const isTold = (id: string): boolean => fillsSince(stream, 'first reset').includes(id);
          await stream.until(() => booked.every(isTold), 'the fills');
        }
        assert.ok(stream.of('reset').length <= 2, 'the streams are reset again and again');
        stream.cut();
      }
      // The versions are those of the lost time again, and yet other answers.
      for (const node of [0, 1]) {
        for (const [index, path] of paths.entries()) {
          const etag = before[index]?.headers.get('etag') ?? '';
          const answer = await fleet.get(node, portfolioId, path, { headers: { 'if-none-match': etag } });
          assert.equal(answer.status, 200, path);
          assert.doesNotMatch(JSON.stringify(answer.body), new RegExp(`"(${lost.join('|')})"`));
        }
        const { body } = await fleet.get(node, portfolioId, '/pnl');
        assert.equal(body.costBasis, '25');
        assert.equal(body.position.split('@')[0], before[1]?.body.position.split('@')[0]);
        assert.notEqual(body.position, before[1]?.body.position);
      }
    });
  },
);
