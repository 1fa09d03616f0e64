import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { bookEntries, type LedgerMove, removeEntry } from '../../../db/ledger/ledger.ts';
import { migrate } from '../../../db/migrations/migrate.ts';
import { dropNews, untoldNews } from '../../../db/ledger/outbox.ts';
import { deletePortfolio } from '../../../db/ledger/portfolios.ts';
import { type Broker, BrokerUnavailableError, portfolioLog } from '../../../streams/core/broker.ts';
import { MemoryBroker } from '../../../streams/core/memory-broker.ts';
import { Outbox } from '../../../streams/portfolio/outbox-publisher.ts';
import { newPortfolio, NOON, trade } from '../../support/db/fixture.ts';
import { eachDatabase } from '../../support/databases.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Later than anything. */
const EVER = 8.64e15;

/** A broker that can be away, before it has taken a batch or after. */
class FlakyBroker {
  isAway = false;
  losesAnswers = false;
  readonly inner: MemoryBroker;

  constructor(inner: MemoryBroker) {
    this.inner = inner;
  }

  publish: Broker['publish'] = async (...args) => {
    if (this.isAway) throw new BrokerUnavailableError();
    const position = await this.inner.publish(...args);
    if (this.losesAnswers) throw new BrokerUnavailableError();
    return position;
  };
}

const news = ({ change, version, entries }: LedgerMove): string[] =>
  entries.map(({ externalId }) => JSON.stringify([change, version, externalId]));

eachDatabase('outbox', (open) => {
  let opened: OpenedDatabase;
  let broker: FlakyBroker;
  let clock: VirtualClock;
  let outbox: Outbox | null;
  let portfolioId: string;
  let heard: LogRecorder;

  function start(): Outbox {
    const { knex } = opened;
    outbox = new Outbox({
      broker: broker as unknown as Broker,
      clock,
      logger: quiet,
      untold: (before, limit) => untoldNews(knex, before, limit),
      drop: (keys) => dropNews(knex, keys),
    });
    return outbox;
  }

  const waiting = async (): Promise<number> => (await untoldNews(opened.knex, EVER, 1_000)).length;

  /** The clock moves until that many were heard. */
  async function untilHeard(count: number): Promise<void> {
    while (heard.data.length < count) await clock.advance(1_000);
  }

  before(async () => {
    opened = await open();
    await migrate(opened.knex);
  });
  after(() => opened.close());

  beforeEach(async () => {
    clock = new VirtualClock(NOON);
    outbox = null;
    const inner = new MemoryBroker({
      clock,
      random: Math.random,
      bounds: () => ({ events: 10_000, bytes: 10_000_000, ageMs: 3_600_000 }),
    });
    broker = new FlakyBroker(inner);
    ({ id: portfolioId } = await newPortfolio(opened.knex));
    heard = new LogRecorder();
    await inner.subscribe(portfolioLog(portfolioId), heard);
  });
  afterEach(async () => {
    await outbox?.close();
    await broker.inner.close();
    assert.equal(clock.pending, 0);
    await deletePortfolio(opened.knex, portfolioId);
  });

  const book = (...ids: string[]): ReturnType<typeof bookEntries> =>
    bookEntries(
      opened.knex,
      portfolioId,
      ids.map((id, minute) => trade(id, minute, '1')),
      { clock, news },
    );

  it('has what is to be told of a change exactly when the change is in the ledger', async () => {
    const booked = await book('a', 'b');
    await assert.rejects(
      bookEntries(opened.knex, portfolioId, [trade('c', 0, '1'), trade('a', 0, '2')], { clock, news }),
    );
    assert.deepEqual((await book('a')).news, []);
    const [a] = booked.outcomes;
    const removed = await removeEntry(opened.knex, portfolioId, a?.entry.id ?? '', { clock, news });
    assert.deepEqual(removed?.news, ['["removed",3,"a"]']);
    assert.deepEqual(await untoldNews(opened.knex, clock.now(), 10), [
      { portfolioId, version: 2, records: ['["booked",2,"a"]', '["booked",2,"b"]'] },
      { portfolioId, version: 3, records: ['["removed",3,"a"]'] },
    ]);
    await deletePortfolio(opened.knex, portfolioId);
    assert.equal(await waiting(), 0);
  });

  it('is told at once, and emptied', async () => {
    const box = start();
    const { version, news: records } = await book('a', 'b');
    await box.tell({ portfolioId, version, records });
    assert.deepEqual(heard.data, ['["booked",2,"a"]', '["booked",2,"b"]']);
    while ((await waiting()) > 0) await clock.advance(50);
  });

  it('tells what a node has left behind that died after the commit, once it is back', async () => {
    await book('a');
    await book('b');
    start();
    await untilHeard(2);
    assert.deepEqual(heard.data, ['["booked",1,"a"]', '["booked",2,"b"]']);
    while ((await waiting()) > 0) await clock.advance(1_000);
  });

  it('tells later what the broker has not taken, once, though its answers were lost', async () => {
    const box = start();
    for (const [id, state] of [
      ['a', 'isAway'],
      ['b', 'losesAnswers'],
    ] as const) {
      broker[state] = true;
      const { version, news: records } = await book(id);
      await box.tell({ portfolioId, version, records });
      // Some sweeps while it is away.
      await clock.advance(10_000);
      assert.equal(await waiting(), 1);
      broker[state] = false;
      while ((await waiting()) > 0) await clock.advance(1_000);
    }
    assert.deepEqual(heard.data, ['["booked",1,"a"]', '["booked",2,"b"]']);
  });

  it('tells many as they are, in batches, whoever else tells them at the same time', async () => {
    const other = new Outbox({
      broker: broker.inner,
      clock,
      logger: quiet,
      untold: (before, limit) => untoldNews(opened.knex, before, limit),
      drop: () => Promise.resolve(),
    });
    const ids = Array.from({ length: 1_201 }, (_, n) => `t${n}`);
    await book(...ids);
    for (let n = 0; n < 25; n += 1) await book(`u${n}`);
    start();
    await untilHeard(1_226);
    while ((await waiting()) > 0) await clock.advance(1_000);
    await other.close();
    const told = heard.data.map((text) => (JSON.parse(text) as unknown[])[2]);
    assert.deepEqual(told, [...ids, ...Array.from({ length: 25 }, (_, n) => `u${n}`)]);
  });
});
