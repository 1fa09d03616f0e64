import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { eachEntry, getEntry } from '../../../db/ledger/entries/entries.ts';
import type { ValuationMove } from '../../../db/ledger/positions/booking-options.ts';
import { findRevaluable, valueEntries } from '../../../db/ledger/late-rates.ts';
import { bookEntries, changeEntry, removeEntry } from '../../../db/ledger/ledger.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { refoldAll } from '../../../db/ledger/positions/refold.ts';
import { ratesOf } from '../../../db/ledger/rates/entry-rates.ts';
import {
  type ConvertDraft,
  isTokenChange,
  type StoredEntry,
  type TransferDraft,
} from '../../../db/ledger/entries/stored-entry.ts';
import { upsertCandles } from '../../../db/market/candles.ts';
import { COST_METHODS } from '../../../lib/pnl/ledger/cost-method.ts';
import { decimal, fixed, ONE } from '../../../lib/money/money.ts';
import { eachDatabase } from '../../support/databases.ts';
import { runs } from '../../support/runs.ts';
import { clock, deposit, newPortfolio, NOON, positionsText, trade } from '../../support/db/fixture.ts';
import { draftOf, shapes } from '../../support/db/random-ledger.ts';

const MINUTE = 60_000;
const options = { clock, checkpointSpacing: 3 };

eachDatabase('rates that become known later', function (open) {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];

  before(async () => {
    opened = await open();
    db = opened.knex;
  });
  after(() => opened.close());
  beforeEach(() => db('candles').delete());

  async function price(symbol: string, minute: number, text: string): Promise<void> {
    const close = fixed(text);
    const time = NOON + minute * MINUTE;
    const sums = { volume: 0n, quoteVolume: 0n, trades: 1, simulated: false };
    const candle = { symbol, time, closeTime: time, open: close, high: close, low: close, close, ...sums };
    await upsertCandles(db, [candle], 'replace');
  }

  /** Values what can be valued. @returns what would be published */
  async function look(limit = 7): Promise<ValuationMove[]> {
    const moves: ValuationMove[] = [];
    const records = (move: ValuationMove): string[] => {
      moves.push(move);
      return [];
    };
    let cursor: string | null = null;
    do {
      const page = await findRevaluable(db, cursor, limit);
      for (const [id, ids] of page.found) await valueEntries(db, id, ids, { ...options, records });
      cursor = page.nextCursor;
    } while (cursor !== null);
    return moves;
  }

  async function ledgerOf(id: string): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for await (const entry of eachEntry(db, id)) entries.push(entry);
    return entries;
  }

  /** Figures of positions and entries, without the ids that differ from one portfolio to the next. */
  async function figures(id: string): Promise<string> {
    const entries = await ledgerOf(id);
    const named = new Map(entries.map((entry) => [entry.id, entry.externalId]));
    const rates = entries.map((entry) => [
      entry.externalId,
      [...ratesOf(entry)].map(([role, { rate, origin }]) => [role, decimal(rate), origin]),
    ]);
    const columns: unknown[] = await db('ledger_entries')
      .where({ portfolio_id: id })
      .orderBy('external_id')
      .select('external_id', 'value', 'fee_value', 'pending_rate');
    const text = JSON.stringify([rates, columns, await positionsText(db, id)]);
    return text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (entryId) => named.get(entryId) ?? entryId);
  }

  function unvalued<T extends TransferDraft | ConvertDraft>(draft: T): T {
    const unitOf = (asset: string): bigint | null => (asset === 'KRW' ? ONE : null);
    const sources =
      draft.kind === 'convert'
        ? { sources: draft.sources.map((source) => ({ ...source, unitValue: unitOf(source.asset) })) }
        : {};
    return { ...draft, unitValue: unitOf(draft.asset), ...sources };
  }

  const fee = { amount: fixed('0.001'), currency: 'BNB' };

  it('value a fee by the last price at or before its time, whenever that is loaded', async () => {
    const { id } = await newPortfolio(db);
    await bookEntries(db, id, [trade('t', 5, '1', { fee })], options);
    await price('BNB/KRW', 6, '900000');
    assert.deepEqual(await look(), [], 'a price from after its time is none');
    const [before] = await ledgerOf(id);
    await price('BNB/USDT', 4, '600');
    assert.deepEqual(await look(), [], 'nor is half a way');
    await price('USDT/KRW', 3, '1400');
    const [move] = await look();
    const { version, states } = await loadPositions(db, id);
    assert.deepEqual([move?.version, move?.entries.length, version], [2, 1, 2]);
    const btc = states.find(({ asset }) => asset === 'BTC');
    assert.deepEqual([btc?.fees, btc?.costBasis], [fixed('840'), fixed('50000840')]);
    const entry = await getEntry(db, id, before?.id ?? '');
    assert.ok(entry);
    const { origins, ...rest } = entry;
    assert.deepEqual({ ...rest, feeRate: null }, before, 'it is not touched otherwise');
    assert.deepEqual(origins, {
      fee: { source: 'market', path: ['BNB/USDT', 'USDT/KRW'], time: NOON + 3 * MINUTE },
    });
    assert.deepEqual(await look(), [], 'once');
    await price('BNB/KRW', 4, '850000');
    assert.deepEqual(await look(), [], 'a market price that it has stays');
  });

  it('come from the own last trade for want of a market price, and give way to one', async () => {
    const { id } = await newPortfolio(db);
    const reward = deposit('r', 5, '2', { kind: 'income', asset: 'NEW', unitValue: null });
    await bookEntries(db, id, [reward], options);
    const incomeOf = async (): Promise<bigint | undefined> =>
      (await loadPositions(db, id)).states.find(({ asset }) => asset === 'NEW')?.income;
    const { outcomes } = await bookEntries(
      db,
      id,
      [
        trade('early', 1, '1', { base: 'NEW', price: fixed('10') }),
        trade('last', 5, '1', { base: 'NEW', price: fixed('12') }),
        trade('late', 6, '1', { base: 'NEW', price: fixed('15') }),
      ],
      options,
    );
    await look();
    assert.equal(await incomeOf(), fixed('24'));
    const last = outcomes[1]?.entry;
    assert.ok(last);
    await changeEntry(
      db,
      id,
      last.id,
      () => trade('last', 5, '1', { base: 'NEW', price: fixed('13') }),
      options,
    );
    await look();
    assert.equal(await incomeOf(), fixed('26'));
    await removeEntry(db, id, last.id, options);
    await look();
    assert.equal(await incomeOf(), fixed('20'));
    await price('NEW/KRW', 0, '7');
    await look();
    assert.equal(await incomeOf(), fixed('14'));
    const { rows }: { rows: unknown[] } = await db.raw(
      'select 1 from ledger_entries where portfolio_id = ? and pending_rate',
      [id],
    );
    assert.deepEqual(rows, []);
  });

  it('turn the price of the base currency round, and never rest on another rate of this kind', async () => {
    const { id } = await newPortfolio(db);
    await bookEntries(
      db,
      id,
      [
        trade('turned', 1, '1300', { base: 'KRW', quote: 'USDT', price: fixed('0.0005'), quoteRate: null }),
        trade('by-own', 2, '1', { base: 'ETH', quote: 'USDT', price: fixed('3'), quoteRate: null }),
        deposit('eth', 3, '1', { asset: 'ETH', unitValue: null }),
      ],
      options,
    );
    await look();
    const entries = new Map((await ledgerOf(id)).map((entry) => [entry.externalId, entry]));
    const of = (name: string): [string, string][] =>
      [...ratesOf(entries.get(name) ?? assert.fail())].map(([, { rate, origin }]) => [
        decimal(rate),
        origin?.source ?? '',
      ]);
    assert.deepEqual(of('by-own'), [['2000', 'own-trade']]);
    assert.deepEqual(of('eth'), []);
    await price('USDT/KRW', 1, '1400');
    await look();
    await look();
    for (const entry of await ledgerOf(id)) entries.set(entry.externalId, entry);
    assert.deepEqual(of('by-own'), [['1400', 'market']]);
    assert.deepEqual(
      of('eth'),
      [['4200', 'own-trade']],
      'now there is a trade of a price that the market knows',
    );
  });

  for (const costMethod of COST_METHODS) {
    it(`give the figures that they would have given in time, in whatever order things come (${costMethod})`, async function () {
      this.timeout(240_000);
      const prices = [
        ['USDT/KRW', '1390'],
        ['BNB/USDT', '600'],
        ['BTC/KRW', '99'],
        ['ETH/USDT', '0.07'],
      ] as const;
      const quoted = fc.record({ minute: fc.integer({ min: -1, max: 50 }), known: fc.nat(9) });
      await fc.assert(
        fc.asyncProperty(
          shapes({ minLength: 10, maxLength: 35 }),
          fc.tuple(quoted, quoted, quoted, quoted),
          fc.array(fc.nat(999), { maxLength: 3 }),
          fc.boolean(),
          async (list, quotes, gone, isLookedAtOften) => {
            await db('candles').delete();
            const drafts = list
              .map(draftOf)
              .map((draft) =>
                draft.kind === 'trade'
                  ? { ...draft, quoteRate: draft.quote === 'KRW' ? ONE : null, feeRate: null }
                  : draft.kind === 'transfer' || isTokenChange(draft)
                    ? draft
                    : unvalued(draft),
              );
            const { id } = await newPortfolio(db, { costMethod });
            const removed = new Set<string | null>();
            for (let step = 0; step <= 9; step += 1) {
              const some = drafts.filter((_, index) => index % 10 === step);
              if (some.length > 0) await bookEntries(db, id, some, options);
              for (const [index, { minute, known }] of quotes.entries()) {
                const [symbol, text] = prices[index] ?? assert.fail();
                if (known === step) await price(symbol, minute, text);
              }
              if (isLookedAtOften || step === 9) await look();
            }
            for (const pick of gone) {
              const entries = await ledgerOf(id);
              const entry = entries[pick % entries.length];
              if (entry === undefined) continue;
              removed.add(entry.externalId);
              await removeEntry(db, id, entry.id, options);
            }
            await look();
            await look();
            const inTime = await newPortfolio(db, { costMethod });
            const kept = drafts.filter(({ externalId }) => !removed.has(externalId));
            if (kept.length > 0) await bookEntries(db, inTime.id, kept, options);
            await look();
            await look();
            assert.equal(await figures(id), await figures(inTime.id));
            const incremental = await positionsText(db, id);
            await db.transaction(async (trx) =>
              refoldAll(trx, id, (await loadPositions(trx, id)).terms, { checkpointSpacing: 3 }),
            );
            assert.equal(incremental, await positionsText(db, id));
          },
        ),
        { numRuns: runs(2), endOnFailure: true },
      );
    });
  }

  it('are looked for in pieces, each portfolio by itself', async () => {
    const portfolios = [await newPortfolio(db), await newPortfolio(db, { baseCurrency: 'USDT' })];
    for (const { id } of portfolios) {
      const rewards = Array.from({ length: 12 }, (_, n) =>
        deposit(`r${n}`, n, '1', { kind: 'income', asset: 'NEW', unitValue: null }),
      );
      await bookEntries(db, id, rewards, options);
    }
    await price('NEW/USDT', 6, '3');
    const moves = await look(5);
    const [krw, usdt] = await Promise.all(portfolios.map(({ id }) => loadPositions(db, id)));
    assert.equal(moves.flatMap(({ entries }) => entries).length, 6);
    assert.equal(krw?.states[0]?.income, 0n);
    assert.equal(usdt?.states[0]?.income, fixed('18'));
    assert.deepEqual(usdt?.states[0]?.unvalued.reward?.quantity, fixed('6'));
  });
});
