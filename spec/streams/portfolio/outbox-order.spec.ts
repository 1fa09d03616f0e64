import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import type { EntriesMove, ValuationMove } from '../../../db/ledger/positions/booking-options.ts';
import { bookEntries, changeEntry, removeEntry } from '../../../db/ledger/ledger.ts';
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
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { Outbox } from '../../../streams/portfolio/outbox-publisher.ts';
import { newPortfolio, NOON, trade } from '../../support/db/fixture.ts';
import { openInMemory } from '../../support/databases.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { quiet } from '../../support/log-watch.ts';
import { runs } from '../../support/runs.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const PORTFOLIOS = 2;
const NODES = 2;

/** What becomes of a publish: `late`: it fails, and is carried out when the broker comes back, as a frozen one does. */
type Weather = 'fine' | 'refused' | 'unanswered' | 'late';

/** One node's connection to the broker. */
class Connection {
  weather: Weather = 'fine';
  readonly #broker: Broker;
  #late: (() => Promise<unknown>)[] = [];
  /** Turns of the event loop that a publish takes, so that those of two nodes mix. */
  readonly #turns: () => number;

  constructor(broker: Broker, turns: () => number) {
    this.#broker = broker;
    this.#turns = turns;
  }

  publish: Broker['publish'] = async (...args) => {
    const { weather } = this;
    for (let left = this.#turns(); left > 0; left -= 1) await new Promise(setImmediate);
    if (weather === 'late') this.#late.push(() => this.#broker.publish(...args));
    if (weather === 'refused' || weather === 'late') throw new BrokerUnavailableError();
    const position = await this.#broker.publish(...args);
    if (weather === 'unanswered') throw new BrokerUnavailableError();
    return position;
  };

  head: Broker['head'] = (...args) => this.#broker.head(...args);
  history: Broker['history'] = (...args) => this.#broker.history(...args);

  /** What was on its way arrives. */
  async clear(): Promise<void> {
    this.weather = 'fine';
    for (const publish of this.#late.splice(0)) await publish().catch(() => undefined);
  }
}

type Step =
  | { do: 'book'; node: number; portfolio: number; count: number }
  | { do: 'change' | 'remove'; node: number; portfolio: number; pick: number }
  | { do: 'rename'; node: number; portfolio: number }
  | { do: 'weather'; node: number; weather: Weather }
  | { do: 'arrive'; node: number }
  | { do: 'restart'; node: number }
  | { do: 'wait'; ms: number };

const node = fc.nat({ max: NODES - 1 });
const portfolio = fc.nat({ max: PORTFOLIOS - 1 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('book' as const),
      node,
      portfolio,
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('change', 'remove'), node, portfolio, pick: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), node, portfolio }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('weather' as const),
      node,
      weather: fc.constantFrom<Weather>('fine', 'refused', 'unanswered', 'late'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('arrive' as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), node }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(10, 60, 3_000) }),
  },
);

const changeOf = (move: EntriesMove | ValuationMove): string => ('change' in move ? move.change : 'valued');

const records = (move: EntriesMove | PortfolioMove | ValuationMove): string[] =>
  move.subject === 'portfolio'
    ? [JSON.stringify([move.version, move.change, move.portfolio.name])]
    : move.entries.map(({ externalId, note }) =>
        JSON.stringify([move.version, changeOf(move), externalId, note]),
      );

describe('the order of what two nodes publish', () => {
  let opened: OpenedDatabase;
  before(async () => {
    opened = await openInMemory();
  });
  after(() => opened.close());

  /** Takes the steps; then all is well again, until nothing is pending. @returns what was heard, and what happened */
  async function run(
    steps: readonly Step[],
    turns: () => number,
  ): Promise<{ heard: string[][]; expected: string[][] }> {
    const { knex } = opened;
    const clock = new VirtualClock(NOON);
    const broker = new MemoryBroker({
      clock,
      random: Math.random,
      bounds: () => ({ events: 10_000, bytes: 10_000_000, ageMs: 3_600_000 }),
    });
    const connections = Array.from({ length: NODES }, () => new Connection(broker, turns));
    const start = (connection: Connection): Outbox =>
      new Outbox({
        broker: connection,
        clock,
        logger: quiet,
        portfolios: (query) => pendingPortfolios(knex, query),
        messages: (id) => pendingMessages(knex, id),
        remove: (keys) => deleteMessages(knex, keys),
        batchSize: 2,
      });
    const nodes = connections.map(start);
    const ledgers: { id: string; entries: string[]; committed: OutboxMessage[]; log: LogRecorder }[] = [];
    for (let n = 0; n < PORTFOLIOS; n += 1) {
      const { id } = await newPortfolio(knex, { cashMode: 'untracked' });
      const log = new LogRecorder();
      await broker.subscribe(portfolioLog(id), log);
      ledgers.push({ id, entries: [], committed: [], log });
    }
    const publishing: Promise<void>[] = [];
    let names = 0;

    async function take(step: Step): Promise<void> {
      if (step.do === 'wait') return clock.advance(step.ms);
      const connection = connections[step.node];
      const outbox = nodes[step.node];
      assert.ok(connection !== undefined && outbox !== undefined);
      if (step.do === 'weather') {
        connection.weather = step.weather;
        return undefined;
      }
      if (step.do === 'arrive') return connection.clear();
      if (step.do === 'restart') {
        await outbox.close();
        nodes[step.node] = start(connection);
        return undefined;
      }
      const ledger = ledgers[step.portfolio];
      assert.ok(ledger !== undefined);
      const { id, entries, committed } = ledger;
      let message: OutboxMessage | null = null;
      if (step.do === 'book') {
        const drafts = Array.from({ length: step.count }, () => trade(`t${(names += 1)}`, names, '1'));
        const booked = await bookEntries(knex, id, drafts, { clock, records });
        entries.push(...booked.outcomes.map(({ entry }) => entry.id));
        ({ message } = booked);
      } else if (step.do === 'rename') {
        const name = `name ${(names += 1)}`;
        message = (await updatePortfolio(knex, id, { name }, { clock, records }))?.message ?? null;
      } else if (entries.length > 0) {
        const entryId = entries[step.pick % entries.length] ?? '';
        if (step.do === 'remove') {
          message = (await removeEntry(knex, id, entryId, { clock, records }))?.message ?? null;
          entries.splice(entries.indexOf(entryId), 1);
        } else {
          const note = `note ${(names += 1)}`;
          const changed = await changeEntry(knex, id, entryId, (was) => ({ ...was, note }), {
            clock,
            records,
          });
          message = changed?.message ?? null;
        }
      }
      if (message === null) return undefined;
      committed.push(message);
      // Not awaited: the next change may be published at the same time.
      publishing.push(outbox.publish(message));
      return undefined;
    }

    for (const each of steps) await take(each);
    for (const connection of connections) await connection.clear();
    const isPending = async (): Promise<boolean> =>
      (await pendingPortfolios(knex, { after: null, before: 8.64e15, limit: 1 })).length > 0;
    while (await isPending()) await clock.advance(1_000);
    await Promise.all(publishing);
    await Promise.all(nodes.map((outbox) => outbox.close()));
    assert.equal(clock.pending, 0, 'all timers have ended');
    await broker.close();
    for (const { id } of ledgers) await deletePortfolio(knex, id, { clock });
    return {
      heard: ledgers.map(({ log }) => log.data),
      expected: ledgers.map(({ committed }) =>
        committed.sort((a, b) => a.version - b.version).flatMap((message) => [...message.records]),
      ),
    };
  }

  it('is that of the versions of the ledger, each once, whatever fails meanwhile', async function () {
    this.timeout(300_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.infiniteStream(fc.nat({ max: 3 })),
        async (steps, stream) => {
          const { heard, expected } = await run(steps as Step[], () => stream.next().value ?? 0);
          assert.deepEqual(heard, expected);
        },
      ),
      { numRuns: runs(40) },
    );
  });
});
