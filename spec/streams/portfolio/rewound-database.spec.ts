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
      await fleet.book(portfolioId, 9);
      // Its message has been published and is put back, as the nodes had no time to take it out.
      await fleet.keepMessages(portfolioId);
      await fleet.book(portfolioId, 1);
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
        const told = (): string[] => fillsSince(stream, 'first reset');
        await stream.until(() => told().length >= booked.length, 'the fills');
        assert.deepEqual(told(), booked);
        assert.equal(stream.of('reset').length, 1);
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
