import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import type { EntriesMove, ValuationMove } from '../../../db/ledger/positions/booking-options.ts';
import { bookEntries, removeEntry } from '../../../db/ledger/ledger.ts';
import {
  deleteMessages,
  type OutboxMessage,
  pendingMessages,
  pendingPortfolios,
} from '../../../db/ledger/portfolios/outbox.ts';
import {
  deletePortfolio,
  type PortfolioMove,
  updatePortfolio,
} from '../../../db/ledger/portfolio-changes.ts';
import { type Broker, BrokerUnavailableError } from '../../../streams/core/broker.ts';
import { portfolioLog } from '../../../streams/channels/logs.ts';
import { encodeRecord } from '../../../streams/channels/record-codec.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import type { MessageBroker } from '../../../streams/portfolio/message-publisher.ts';
import { Outbox } from '../../../streams/portfolio/outbox-publisher.ts';
import { deposit, newPortfolio, NOON, trade } from '../../support/db/fixture.ts';
import { eachDatabase } from '../../support/databases.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

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
  head: Broker['head'] = (...args) => this.inner.head(...args);
  history: Broker['history'] = (...args) => this.inner.history(...args);
}

const changeOf = (move: EntriesMove | ValuationMove): string => ('change' in move ? move.change : 'valued');

const records = (move: EntriesMove | PortfolioMove | ValuationMove): string[] =>
  move.subject === 'portfolio'
    ? [JSON.stringify([move.change, move.version, move.portfolio.name])]
    : move.entries.map(({ externalId }) => JSON.stringify([changeOf(move), move.version, externalId]));

eachDatabase('outbox', (open) => {
  let opened: OpenedDatabase;
  let broker: FlakyBroker;
  let clock: VirtualClock;
  let outbox: Outbox | null;
  let portfolioId: string;
  let heard: LogRecorder;

  const openBroker = (): MemoryBroker =>
    new MemoryBroker({
      clock,
      random: Math.random,
      bounds: () => ({ events: 10_000, bytes: 10_000_000, ageMs: 3_600_000 }),
    });

  function openOutbox(broker: MessageBroker): Outbox {
    const { knex } = opened;
    return new Outbox({
      broker,
      clock,
      logger: quiet,
      portfolios: (query) => pendingPortfolios(knex, query),
      messages: (id) => pendingMessages(knex, id),
      remove: (keys) => deleteMessages(knex, keys),
    });
  }

  function start(): Outbox {
    outbox = openOutbox(broker);
    return outbox;
  }

  const waiting = async (): Promise<number> => (await pendingMessages(opened.knex, portfolioId)).length;

  /** The clock moves until that many were heard. */
  async function untilHeard(count: number): Promise<void> {
    while (heard.data.length < count) await clock.advance(1_000);
  }

  before(async () => {
    opened = await open();
  });
  after(() => opened.close());

  beforeEach(async () => {
    clock = new VirtualClock(NOON);
    outbox = null;
    const inner = openBroker();
    broker = new FlakyBroker(inner);
    ({ id: portfolioId } = await newPortfolio(opened.knex));
    heard = new LogRecorder();
    await inner.subscribe(portfolioLog(portfolioId), heard);
  });
  afterEach(async () => {
    await outbox?.close();
    await broker.inner.close();
    assert.equal(clock.pending, 0);
    await deletePortfolio(opened.knex, portfolioId, { clock });
    await opened.knex('outbox').delete();
  });

  async function book(...ids: string[]): Promise<OutboxMessage | null> {
    const drafts = ids.map((id, minute) => trade(id, minute, '1'));
    return (await bookEntries(opened.knex, portfolioId, drafts, { clock, records })).message;
  }

  async function bookAndPublish(box: Outbox, ...ids: string[]): Promise<void> {
    const message = await book(...ids);
    assert.ok(message !== null);
    await box.publish(message);
  }

  for (const published of [['a'], ['a', 'b']]) {
    it(`publishes nothing again that an earlier version has published without a number: ${published.join()}`, async () => {
      const fills = (move: EntriesMove | ValuationMove): string[] =>
        move.entries.map(({ externalId }) =>
          encodeRecord({ type: 'fill', change: 'booked', version: move.version, trade: { externalId } }),
        );
      const log = portfolioLog(portfolioId);
      for (const [minute, id] of ['a', 'b', 'c'].entries()) {
        const draft = trade(id, minute, '1');
        const booked = await bookEntries(opened.knex, portfolioId, [draft], { clock, records: fills });
        if (!published.includes(id)) continue;
        for (const data of booked.message?.records ?? []) await broker.inner.publish(log, [{ data }]);
        // That version deletes its messages a moment later: only that of the last one may still be there.
        if (id !== published.at(-1) && booked.message !== null)
          await deleteMessages(opened.knex, [booked.message]);
      }
      start();
      await untilHeard(3);
      while ((await waiting()) > 0) await clock.advance(1_000);
      await clock.advance(5_000);
      assert.deepEqual(
        heard.data.map((data) => JSON.parse(data).trade.externalId),
        ['a', 'b', 'c'],
      );
    });
  }

  it('has what is to be published of a change exactly when the change is in the ledger', async () => {
    const { knex } = opened;
    const drafts = [trade('a', 0, '1'), trade('b', 1, '1')];
    const { outcomes } = await bookEntries(knex, portfolioId, drafts, { clock, records });
    const conflict = [trade('c', 0, '1'), trade('a', 0, '2')];
    await assert.rejects(bookEntries(knex, portfolioId, conflict, { clock, records }));
    assert.equal(await book('a'), null);
    const removed = await removeEntry(knex, portfolioId, outcomes[0]?.entry.id ?? '', { clock, records });
    const changed = await updatePortfolio(knex, portfolioId, { name: 'Uno' }, { clock, records });
    const unchanged = await updatePortfolio(knex, portfolioId, { name: 'Uno' }, { clock, records });
    assert.equal(unchanged?.message, null);
    const deleted = await deletePortfolio(knex, portfolioId, { clock, records });
    const expected = [
      { previousVersion: 0, version: 2, records: ['["booked",2,"a"]', '["booked",2,"b"]'] },
      { previousVersion: 2, version: 3, records: ['["removed",3,"a"]'] },
      { previousVersion: 3, version: 4, records: ['["changed",4,"Uno"]'] },
      { previousVersion: 4, version: 5, records: ['["deleted",5,"Uno"]'] },
    ].map((message) => ({ portfolioId, ...message }));
    assert.deepEqual([removed?.message, changed?.message, deleted?.message], expected.slice(1));
    // The messages outlive the portfolio.
    assert.deepEqual(await pendingMessages(knex, portfolioId), expected);
  });

  it('is published at once, and emptied', async () => {
    const box = start();
    await bookAndPublish(box, 'a', 'b');
    assert.deepEqual(heard.data, ['["booked",2,"a"]', '["booked",2,"b"]']);
    while ((await waiting()) > 0) await clock.advance(50);
  });

  it('publishes what a node has left behind that died after the commit, once it is back', async () => {
    await book('a');
    await book('b');
    start();
    await untilHeard(2);
    assert.deepEqual(heard.data, ['["booked",1,"a"]', '["booked",2,"b"]']);
    while ((await waiting()) > 0) await clock.advance(1_000);
  });

  it('publishes later what the broker has not taken, once, though its answers were lost', async () => {
    const box = start();
    for (const [id, state] of [
      ['a', 'isAway'],
      ['b', 'losesAnswers'],
    ] as const) {
      broker[state] = true;
      await bookAndPublish(box, id);
      // Some sweeps while it is away.
      await clock.advance(10_000);
      assert.equal(await waiting(), 1);
      broker[state] = false;
      while ((await waiting()) > 0) await clock.advance(1_000);
    }
    assert.deepEqual(heard.data, ['["booked",1,"a"]', '["booked",2,"b"]']);
  });

  it('publishes what is pending before it first, as soon as the broker takes anything', async () => {
    const box = start();
    broker.isAway = true;
    const { outcomes, message } = await bookEntries(opened.knex, portfolioId, [trade('a', 0, '1')], {
      clock,
      records,
    });
    assert.ok(message !== null);
    await box.publish(message);
    broker.isAway = false;
    const removed = await removeEntry(opened.knex, portfolioId, outcomes[0]?.entry.id ?? '', {
      clock,
      records,
    });
    assert.ok(removed !== null && removed.message !== null);
    await box.publish(removed.message);
    assert.deepEqual(heard.data, ['["booked",1,"a"]', '["removed",2,"a"]']);
  });

  it('goes on in a log that was lost, and in one whose versions have gaps', async () => {
    const box = start();
    await bookAndPublish(box, 'a');
    // A node of the program before this one has booked a transfer without a message.
    await bookEntries(opened.knex, portfolioId, [deposit('d', 0, '1')], { clock });
    await bookAndPublish(box, 'b');
    assert.deepEqual(heard.data, ['["booked",1,"a"]', '["booked",3,"b"]']);
    const other = openBroker();
    const log = new LogRecorder();
    await other.subscribe(portfolioLog(portfolioId), log);
    const next = openOutbox(other);
    await bookAndPublish(next, 'c');
    assert.deepEqual(log.data, ['["booked",4,"c"]']);
    await next.close();
    await other.close();
  });

  it('publishes many as they are, in batches, whoever else publishes them at the same time', async () => {
    const other = openOutbox(broker.inner);
    const ids = Array.from({ length: 1_201 }, (_, n) => `t${n}`);
    await book(...ids);
    for (let n = 0; n < 25; n += 1) await book(`u${n}`);
    start();
    await untilHeard(1_226);
    while ((await waiting()) > 0) await clock.advance(1_000);
    await other.close();
    const published = heard.data.map((text) => (JSON.parse(text) as unknown[])[2]);
    assert.deepEqual(published, [...ids, ...Array.from({ length: 25 }, (_, n) => `u${n}`)]);
  });

  it('lets nobody wait for the long backlog of one portfolio', async () => {
    const { knex } = opened;
    // As after hours without a broker.
    const rows = Array.from({ length: 10_000 }, (_, n) => ({
      portfolio_id: portfolioId,
      previous_version: n,
      version: n + 1,
      records: `["${n}"]`,
      created_at: new Date(NOON - 60_000),
    }));
    await knex.batchInsert('outbox', rows, 1_000);
    await knex('portfolios').where({ id: portfolioId }).update({ version: 10_000 });
    const others: { id: string; log: LogRecorder }[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { id } = await newPortfolio(knex);
      const log = new LogRecorder();
      await broker.inner.subscribe(portfolioLog(id), log);
      await bookEntries(knex, id, [trade('x', 0, '1')], { clock, records });
      others.push({ id, log });
    }
    const box = start();
    await Promise.all(others.map(({ log }) => log.until(() => log.data.length === 1)));
    assert.ok(heard.data.length < 10_000, `${heard.data.length} went first`);
    // Who books meanwhile is answered, and what was booked comes last.
    await bookAndPublish(box, 'last');
    while ((await waiting()) > 0) await clock.advance(1_000);
    assert.equal(heard.data.at(-1), '["booked",10001,"last"]');
    assert.deepEqual(
      heard.data.slice(0, -1),
      rows.map((_, n) => `"${n}"`),
    );
    for (const { id } of others) await deletePortfolio(knex, id, { clock });
  });
});
