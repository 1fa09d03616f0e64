import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { eachEntry, getEntry, listEntries } from '../../../db/ledger/entries/entries.ts';
import type { EntryDraft, StoredEntry } from '../../../db/ledger/entries/stored-entry.ts';
import { EntryConflictError } from '../../../db/ledger/entries/candidates.ts';
import { bookEntries, changeEntry, removeEntry } from '../../../db/ledger/ledger.ts';
import { updatePortfolio } from '../../../db/ledger/portfolio-changes.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { refoldAll } from '../../../db/ledger/positions/refold.ts';
import { decimal, fixed } from '../../../lib/money/money.ts';
import { COST_METHODS } from '../../../lib/pnl/ledger/cost-method.ts';
import { eachDatabase, newPostgresDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { runs } from '../../support/runs.ts';
import { clock, deposit, newPortfolio, NOON, positionsText, trade } from '../../support/db/fixture.ts';

eachDatabase('the ledger', (open) => {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];

  before(async () => {
    opened = await open();
    db = opened.knex;
  });
  after(() => opened.close());

  const book = async (id: string, drafts: EntryDraft[]): ReturnType<typeof bookEntries> =>
    await bookEntries(db, id, drafts, { clock });

  async function externalIds(id: string): Promise<(string | null)[]> {
    const ids = [];
    for await (const entry of eachEntry(db, id)) ids.push(entry.externalId);
    return ids;
  }

  /** What the positions would be if they were all made from the ledger now. */
  async function refolded(id: string): Promise<string> {
    await db.transaction(async (trx) => refoldAll(trx, id, (await loadPositions(trx, id)).terms));
    return await positionsText(db, id);
  }

  describe('booking', () => {
    it('keeps every field, and amounts to the last digit', async () => {
      const { id } = await newPortfolio(db);
      const drafts = [
        trade('a', 0, '12345678901234567890.123456789012345678', {
          price: fixed('0.000000000000000001'),
          fee: { amount: fixed('-0.1'), currency: 'BNB' },
          quote: 'USDT',
          quoteRate: fixed('1390.123456789012345678'),
          feeRate: null,
          orderId: 'o-1',
          note: 'a "note", with\nlines and 한글',
          tags: ['swing', 'a,b', '{"}', ''],
        }),
        deposit('b', 1, '1.5', { asset: 'ETH', unitCost: fixed('2.25'), unitValue: fixed('2.25') }),
      ];
      const { version, outcomes } = await book(id, drafts);
      assert.equal(version, 2);
      for (const [index, outcome] of outcomes.entries()) {
        assert.equal(outcome.status, 'booked');
        const { id: entryId, tie } = outcome.entry;
        assert.deepEqual(outcome.entry, {
          ...drafts[index],
          id: entryId,
          tie,
          portfolioId: id,
          createdAt: NOON,
          updatedAt: NOON,
        });
        assert.deepEqual(await getEntry(db, id, entryId), outcome.entry);
      }
    });

    it('takes the same body again as the same entry', async () => {
      const { id } = await newPortfolio(db);
      const first = await book(id, [trade('1', 0, '1.50')]);
      const again = await book(id, [trade('1', 0, '1.5', { quoteRate: fixed('2') })]);
      assert.deepEqual(again, {
        version: first.version,
        outcomes: [{ status: 'duplicate', entry: first.outcomes[0]?.entry }],
        message: null,
        following: [],
      });
    });

    it('refuses another body under the same key, and says which entry has it', async () => {
      const { id } = await newPortfolio(db);
      const { outcomes } = await book(id, [trade('1', 0, '1')]);
      const drafts = [trade('2', 0, '1'), trade('1', 0, '1', { note: 'other' })];
      await assert.rejects(book(id, drafts), (error) => {
        assert.ok(error instanceof EntryConflictError);
        assert.equal(error.slug, 'trade-conflict');
        assert.deepEqual([error.index, error.externalId, error.existingId], [1, '1', outcomes[0]?.entry.id]);
        return true;
      });
      assert.deepEqual(await externalIds(id), ['1']);
      assert.equal((await loadPositions(db, id)).version, 1);
    });

    it('tells duplicates and conflicts within one batch', async () => {
      const { id } = await newPortfolio(db);
      await assert.rejects(book(id, [trade('1', 0, '1'), trade('1', 0, '2')]), (error) => {
        assert.ok(error instanceof EntryConflictError);
        assert.deepEqual([error.index, error.existingId], [1, null]);
        return true;
      });
      assert.deepEqual(await externalIds(id), []);
      const { version, outcomes } = await book(id, [
        trade('1', 0, '1'),
        trade('1', 0, '1'),
        trade('1', 0, '1', { exchange: 'bithumb' }),
        trade(null, 0, '1'),
        trade(null, 0, '1'),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['booked', 'duplicate', 'booked', 'booked', 'booked'],
      );
      assert.equal(outcomes[1]?.entry, outcomes[0]?.entry);
      assert.equal(version, 4);
      const { states } = await loadPositions(db, id);
      assert.equal(decimal(states.find(({ asset }) => asset === 'BTC')?.quantity ?? 0n), '4');
    });

    it('keeps portfolios apart: the same key in another one is another entry', async () => {
      const [one, other] = [await newPortfolio(db), await newPortfolio(db)];
      await book(one.id, [trade('1', 0, '1')]);
      const { outcomes } = await book(other.id, [trade('1', 0, '2')]);
      assert.equal(outcomes[0]?.status, 'booked');
      assert.equal(await getEntry(db, one.id, outcomes[0].entry.id), null);
    });

    it('orders one instant by kind, then source, then id with 9 before 10; arrival only where there is no id', async () => {
      const { id } = await newPortfolio(db);
      const drafts = [
        deposit('w', 0, '1', { kind: 'withdrawal' }),
        trade('t-10', 0, '1'),
        trade(null, 0, '1', { note: 'first' }),
        trade(null, 0, '1', { note: 'second' }),
        trade('t-9', 0, '1'),
        trade('t-009', 0, '1'),
        trade('t-1', 0, '1', { exchange: 'binance' }),
        deposit('d', 0, '1'),
      ];
      for (const draft of drafts) await book(id, [draft]);
      await book(id, [trade(null, 0, '1', { note: 'third' })]);
      const listed: unknown[] = [];
      for await (const entry of eachEntry(db, id)) listed.push(entry.externalId ?? entry.note);
      assert.deepEqual(listed, ['d', 't-1', 't-009', 't-9', 't-10', 'first', 'second', 'third', 'w']);
    });

    it('keeps the order of a batch for entries of one instant without ids, after a batch of duplicates too', async () => {
      const { id } = await newPortfolio(db);
      const known = [trade('1', 0, '1'), trade('2', 0, '1')];
      await book(id, known);
      await book(id, [...known, trade(null, 0, '1', { note: 'a' }), trade(null, 0, '1', { note: 'b' })]);
      await book(id, [trade(null, 0, '1', { note: 'c' }), trade(null, 0, '1', { note: 'd' })]);
      const notes = [];
      for await (const entry of eachEntry(db, id)) if (entry.note) notes.push(entry.note);
      assert.deepEqual(notes, ['a', 'b', 'c', 'd']);
    });

    it('refuses what the ledger cannot hold, and unknown portfolios', async () => {
      const { id } = await newPortfolio(db);
      await assert.rejects(book(id, [trade('1', 0, '100000000000000000000')]), {
        slug: 'unprocessable-entry',
      });
      await assert.rejects(book(id, [trade('1', 0, '1', { note: 'nul \0' })]), {
        slug: 'unprocessable-entry',
      });
      await assert.rejects(book('00000000-0000-7000-8000-000000000000', []), { slug: 'not-found' });
      assert.deepEqual(await externalIds(id), []);
    });

    it('books ten thousand at once, and again as duplicates', async () => {
      const { id } = await newPortfolio(db);
      const drafts = Array.from({ length: 10_000 }, (_, n) => trade(`t${n}`, n, '0.001'));
      assert.equal((await book(id, drafts)).version, 10_000);
      const again = await book(id, drafts.toReversed());
      assert.ok(again.outcomes.every(({ status }) => status === 'duplicate'));
      assert.equal(again.outcomes[0]?.entry.externalId, 't9999');
      const { states } = await loadPositions(db, id);
      assert.equal(decimal(states.find(({ asset }) => asset === 'BTC')?.quantity ?? 0n), '10');
      await assert.rejects(book(id, [...drafts, trade('x', 0, '1')]), RangeError);
    });
  });

  describe('positions', () => {
    /** A few assets, sides and instants: enough for late entries, equal times, oversold and flat holdings. */
    const drafts = fc.uniqueArray(
      fc.record({
        number: fc.nat(99),
        minute: fc.nat(6),
        base: fc.constantFrom('BTC', 'ETH'),
        quote: fc.constantFrom('KRW', 'USDT'),
        kind: fc.constantFrom('buy', 'sell', 'deposit', 'withdrawal', 'income'),
        quantity: fc.constantFrom('1', '0.3', '2.000000000000000007', '7'),
        price: fc.constantFrom('100', '99.99', '31.4159'),
        fee: fc.constantFrom(null, 'KRW', 'BTC', 'BNB'),
      }),
      { selector: ({ number }) => number, minLength: 1, maxLength: 12 },
    );

    type Shape = typeof drafts extends fc.Arbitrary<(infer T)[]> ? T : never;

    function draftOf({ number, minute, base, quote, kind, quantity, price, fee }: Shape): EntryDraft {
      if (kind !== 'buy' && kind !== 'sell') {
        return deposit(`x${number}`, minute, quantity, { kind, asset: base, unitValue: fixed(price) });
      }
      return trade(`x${number}`, minute, quantity, {
        side: kind,
        base,
        quote,
        price: fixed(price),
        quoteRate: fixed(quote === 'KRW' ? '1' : '1390'),
        fee: fee === null ? null : { amount: fixed('0.05'), currency: fee },
        feeRate: fee === 'BNB' ? fixed('900000') : null,
      });
    }

    /** Ids differ from ledger to ledger. */
    function withoutIds(text: string, entries: readonly StoredEntry[]): string {
      return entries.reduce((all, { id, externalId }) => all.replaceAll(id, externalId ?? ''), text);
    }

    async function everything(id: string): Promise<StoredEntry[]> {
      return (await listEntries(db, id, { order: 'asc', limit: 1_000 })).items;
    }

    for (const costMethod of COST_METHODS) {
      it(`are the same in whatever order and batches entries arrive (${costMethod})`, async () => {
        await fc.assert(
          fc.asyncProperty(
            drafts.chain((list) =>
              fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.nat(4)),
            ),
            async ([list, shuffled, size]) => {
              const [one, other] = [
                await newPortfolio(db, { costMethod }),
                await newPortfolio(db, { costMethod }),
              ];
              await book(one.id, list.map(draftOf));
              for (let n = 0; n < shuffled.length; n += size + 1) {
                await book(other.id, shuffled.slice(n, n + size + 1).map(draftOf));
              }
              const incremental = await positionsText(db, other.id);
              assert.equal(
                withoutIds(incremental, await everything(other.id)),
                withoutIds(await positionsText(db, one.id), await everything(one.id)),
              );
              assert.equal(await refolded(other.id), incremental);
            },
          ),
          { numRuns: runs(6) },
        );
      });
    }

    it('equal a full recomputation after any run of changes and removals', async () => {
      await fc.assert(
        fc.asyncProperty(
          drafts,
          fc.array(fc.tuple(fc.nat(99), fc.option(drafts)), { maxLength: 6 }),
          async (list, edits) => {
            const { id } = await newPortfolio(db);
            const { outcomes } = await book(id, list.map(draftOf));
            const left = outcomes.map(({ entry }) => entry);
            for (const [pick, replacement] of edits) {
              const [entry] = left.splice(pick % Math.max(left.length, 1), 1);
              if (entry === undefined) break;
              const shape = replacement?.find(
                ({ kind }) => (kind === 'buy' || kind === 'sell' ? 'trade' : kind) === entry.kind,
              );
              if (shape === undefined) assert.ok(await removeEntry(db, id, entry.id, { clock }));
              else {
                const change = await changeEntry(db, id, entry.id, () => draftOf(shape), { clock });
                assert.deepEqual(await getEntry(db, id, entry.id), change?.entry);
                assert.equal(change?.entry.externalId, entry.externalId);
              }
              const incremental = await positionsText(db, id);
              assert.equal(await refolded(id), incremental);
            }
          },
        ),
        { numRuns: runs(10) },
      );
    });

    it('vanish with the last entry', async () => {
      const { id } = await newPortfolio(db);
      const { outcomes } = await book(id, [trade('1', 0, '1')]);
      assert.equal((await loadPositions(db, id)).states.length, 2);
      await removeEntry(db, id, outcomes[0]?.entry.id ?? '', { clock });
      assert.deepEqual((await loadPositions(db, id)).states, []);
    });

    it('are restated under new terms', async () => {
      const list = [trade('1', 0, '1', { price: fixed('10') }), trade('2', 1, '1'), trade('3', 2, '-1')];
      const [one, other] = [await newPortfolio(db), await newPortfolio(db, { costMethod: 'fifo' })];
      await book(one.id, list);
      await book(other.id, list);
      assert.notEqual(await positionsText(db, one.id), await positionsText(db, other.id));
      const changed = await updatePortfolio(db, one.id, { costMethod: 'fifo' }, { clock });
      assert.equal(changed?.portfolio.version, 4);
      assert.equal(
        withoutIds(await positionsText(db, one.id), await everything(one.id)),
        withoutIds(await positionsText(db, other.id), await everything(other.id)),
      );
    });

    it('left by another version of the fold are made anew, on reading and on booking', async () => {
      const { id } = await newPortfolio(db);
      await book(id, [trade('1', 0, '1'), trade('e', 0, '1', { base: 'ETH' })]);
      const before = await positionsText(db, id);
      const spoil = async (): Promise<void> => {
        await db.raw(
          `update positions set state = '{"v": 0, "quantity": "7"}' where portfolio_id = ? and asset <> 'ETH'`,
          [id],
        );
      };
      await spoil();
      assert.equal(await positionsText(db, id), before);
      await spoil();
      await book(id, [trade('2', 1, '1')]);
      const after = await positionsText(db, id);
      assert.equal(await refolded(id), after);
      assert.notEqual(after, before);
    });
  });

  describe('changes', () => {
    it('leave the idempotency key as it was: the original body is still a duplicate', async () => {
      const { id } = await newPortfolio(db);
      const { outcomes } = await book(id, [trade('1', 0, '1')]);
      const entryId = outcomes[0]?.entry.id ?? '';
      const change = await changeEntry(db, id, entryId, (before) => ({ ...before, note: 'checked' }), {
        clock,
      });
      assert.equal(change?.version, 2);
      assert.equal(change.before.note, null);
      const again = await book(id, [trade('1', 0, '1')]);
      assert.deepEqual(again.outcomes, [{ status: 'duplicate', entry: change.entry }]);
    });

    it('may query inside the transaction, and undo all when they throw', async () => {
      const { id } = await newPortfolio(db);
      const { outcomes } = await book(id, [trade('1', 0, '1')]);
      const entryId = outcomes[0]?.entry.id ?? '';
      await assert.rejects(
        changeEntry(
          db,
          id,
          entryId,
          async (before, trx) => {
            await trx('portfolios').where({ id }).update({ name: 'half done' });
            throw new Error(`no rate at ${before.time}`);
          },
          { clock },
        ),
        /no rate/,
      );
      const names: unknown[] = await db('portfolios').where({ id }).pluck('name');
      assert.deepEqual(names, ['Main']);
    });

    it('of an entry that is not there change nothing', async () => {
      const [{ id }, other] = [await newPortfolio(db), await newPortfolio(db)];
      const { outcomes } = await book(other.id, [trade('1', 0, '1')]);
      const foreign = outcomes[0]?.entry.id ?? '';
      assert.equal(await removeEntry(db, id, foreign, { clock }), null);
      assert.equal(await changeEntry(db, id, foreign, (before) => before, { clock }), null);
      assert.equal((await loadPositions(db, id)).version, 0);
    });
  });

  describe('listing', () => {
    let id: string;

    before(async () => {
      ({ id } = await newPortfolio(db));
      await book(id, [
        ...Array.from({ length: 25 }, (_, n) => trade(`${n}`, Math.floor(n / 4), '1')),
        trade('eth', 2, '1', { base: 'ETH' }),
        deposit('d', 3, '1'),
      ]);
    });

    async function pages(query: Partial<Parameters<typeof listEntries>[2]>): Promise<(string | null)[]> {
      const ids: (string | null)[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof listEntries>> = await listEntries(db, id, {
          order: 'asc',
          limit: 4,
          ...query,
          cursor,
        });
        assert.ok(page.items.length <= 4);
        ids.push(...page.items.map(({ externalId }) => externalId));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return ids;
    }

    it('goes through everything once, both ways', async () => {
      const ascending = await pages({});
      assert.equal(ascending.length, 27);
      assert.equal(new Set(ascending).size, 27);
      assert.deepEqual(ascending, await externalIds(id));
      assert.deepEqual(await pages({ order: 'desc' }), ascending.toReversed());
    });

    it('filters by symbol, kind and a half-open range of time', async () => {
      assert.deepEqual(await pages({ symbol: 'ETH/KRW' }), ['eth']);
      assert.deepEqual(await pages({ kinds: ['deposit', 'income'] }), ['d']);
      const range = { from: NOON + 60_000, to: NOON + 120_000 };
      assert.deepEqual(await pages(range), ['4', '5', '6', '7']);
    });

    it('refuses a cursor that is not one of its own', async () => {
      for (const key of ['[]', '[1,2,3]', '["a","b","c"]', '[1,"t","not-a-uuid"]', 'x', '{"a":1}']) {
        const cursor = Buffer.from(key).toString('base64url');
        await assert.rejects(listEntries(db, id, { order: 'asc', limit: 1, cursor }), {
          slug: 'invalid-cursor',
        });
      }
    });
  });
});

onPostgres('the ledger of a fleet', () => {
  it('books an external id once when several nodes book it at the same time', async () => {
    const url = await newPostgresDatabase();
    const nodes = await Promise.all([1, 2, 3].map(() => openOnPostgres({ url })));
    const [first] = nodes;
    assert.ok(first);
    try {
      const { id } = await newPortfolio(first.knex);
      const drafts = Array.from({ length: 40 }, (_, n) => trade(`t${n}`, n % 7, n % 3 === 0 ? '-1' : '1'));
      const results = await Promise.all(
        nodes.flatMap(({ knex }) =>
          drafts.map((draft) =>
            bookEntries(knex, id, [draft], { clock }).then(({ outcomes }) => outcomes[0]),
          ),
        ),
      );
      assert.equal(results.filter((outcome) => outcome?.status === 'booked').length, 40);
      const { version, terms } = await loadPositions(first.knex, id);
      assert.equal(version, 40);
      const incremental = await positionsText(first.knex, id);
      await first.knex.transaction((trx) => refoldAll(trx, id, terms));
      assert.equal(await positionsText(first.knex, id), incremental);
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
    }
  });
});
