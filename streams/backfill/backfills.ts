import { type ReadableBackfill, saveWays } from '../../db/market/backfill-readers.ts';
import {
  type Backfill,
  addBackfills,
  nextBackfill,
  updateBackfill,
  type WantedCandles,
} from '../../db/market/backfills.ts';
import { closeGaps, type SymbolSpan } from '../../db/market/gaps.ts';
import { type Candle, upsertCandles, upsertDays } from '../../db/market/candles.ts';
import type { Database } from '../../db/connection/database.ts';
import { fenced, LeaseLostError } from '../../db/connection/fence.ts';
import type { Clock, Random } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import type { BackfillBody } from '../../lib/schemas/backfill-schema.ts';
import { encodeRecord } from '../channels/record-codec.ts';
import { MARKET_LOG } from '../channels/logs.ts';
import type { Broker } from '../core/broker.ts';
import type { Lease } from '../core/lease.ts';
import type { LoadCcxt } from '../market/feeds/ccxt-exchange.ts';
import type { MarketIntake } from '../market/writer/market-intake.ts';
import { planBackfills } from './backfill-plan.ts';
import { INTERVAL_LENGTH, PAGE, SourceBusyError, type SourceSpec } from './candle-source.ts';
import { OpenSources } from './open-sources.ts';

export const BACKFILL_LEASE = 'backfill';

/** How often to look for work. */
const INTERVAL_MS = 10_000;
/** How often to work out what is needed, unless told that something is. */
const PLAN_MS = 60_000;

export interface BackfillsOptions {
  db: Database;
  broker: Broker;
  /** The right to fetch, which one node has at a time; `null` if another node has it. */
  lease: () => Promise<Lease | null>;
  intake: Pick<MarketIntake, 'announceLoaded' | 'hasRoomFor'>;
  /** Whether the market is simulated, in which case nothing is fetched. */
  isSimulated: () => boolean;
  /** In order of preference; if empty, nothing is fetched. */
  sources: readonly SourceSpec[];
  /** The current name of a symbol at exchanges. */
  renamed: ReadonlyMap<string, string>;
  /** Called after candles were stored. */
  stored: () => void;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** Loads ccxt; replaced in tests. */
  load?: LoadCcxt;
}

/**
 * Fetches the past candles that real portfolios need: minutes up to each entry without a rate, and days from
 * the first entry on, for every asset and benchmark. One node of a fleet does it, a page at a time. A page is
 * stored together with the progress of its job, so that another node can continue without losing or repeating
 * anything.
 */
export class Backfills {
  readonly #options: BackfillsOptions;
  readonly #warnings: RepeatedLog;
  readonly #closing = new AbortController();
  readonly #cancel: () => void;
  readonly #sources: OpenSources;
  #planAt = 0;
  #running: Promise<void> | null = null;
  /** Something came up while a pass was about to end. */
  #isAskedAgain = false;

  constructor(options: BackfillsOptions) {
    this.#options = options;
    const { sources, clock, random, load } = options;
    this.#warnings = new RepeatedLog(options.logger, clock);
    const onReady = (): void => this.#run();
    this.#sources = new OpenSources({ sources, clock, random, load, warnings: this.#warnings, onReady });
    this.#cancel = options.clock.every(INTERVAL_MS, () => this.#run());
  }

  /** Exchanges that cannot be asked now, and why. */
  get troubles(): { exchange: string; reason: string }[] {
    return this.#sources.troubles;
  }

  get exchanges(): string[] {
    return this.#options.sources.map(({ exchange }) => exchange);
  }

  /** The name of the symbol at exchanges. */
  sourceSymbol(symbol: string): string {
    return this.#options.renamed.get(symbol) ?? symbol;
  }

  /** Something new may be needed: works it out soon. */
  look(): void {
    this.#planAt = 0;
    this.#run();
  }

  /**
   * Queues jobs.
   * @param requestedBy the requesting user; `null` for the operator
   * @returns the number of jobs; 0 if existing ones cover everything
   */
  async request(wanted: WantedCandles, requestedBy: string | null): Promise<number> {
    const { db, clock } = this.#options;
    const count = await addBackfills(db, [wanted], { clock, requestedBy });
    this.#run();
    return count;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancel();
    await this.#running;
    await this.#sources.close();
  }

  #run(): void {
    const { sources, isSimulated } = this.#options;
    if (this.#closing.signal.aborted || sources.length === 0 || isSimulated()) return;
    if (this.#running !== null) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isAskedAgain = false;
    this.#running = this.#pass().finally(() => {
      this.#running = null;
      if (this.#isAskedAgain) this.#run();
    });
  }

  /** Never rejects. */
  async #pass(): Promise<void> {
    try {
      const lease = await this.#options.lease();
      if (lease === null) return;
      try {
        await this.#work(lease);
      } finally {
        await lease.release();
      }
    } catch (error) {
      if (error instanceof LeaseLostError) return;
      this.#options.logger.warn({ err: error }, 'past candles cannot be fetched, trying again later');
    }
  }

  async #work(lease: Lease): Promise<void> {
    const { db, clock } = this.#options;
    const signal = AbortSignal.any([lease.signal, this.#closing.signal]);
    while (!signal.aborted) {
      if (clock.now() >= this.#planAt) await this.#plan();
      const job = await nextBackfill(
        db,
        this.troubles.map(({ exchange }) => exchange),
      );
      if (job === null || signal.aborted) return;
      await this.#step(job, lease);
    }
  }

  async #plan(): Promise<void> {
    const { db, clock, renamed, intake } = this.#options;
    this.#planAt = clock.now() + PLAN_MS;
    const listings = await this.#sources.available();
    if (listings.length === 0) return;
    const { wanted, ways } = await planBackfills(db, clock.now(), listings, renamed);
    // Stored first, so that a job can be attributed as soon as it exists.
    await saveWays(db, ways);
    await addBackfills(
      db,
      wanted.filter(({ symbol }) => intake.hasRoomFor([symbol])),
      { clock },
    );
  }

  /** Fetches one page of a job. */
  async #step(job: Backfill, lease: Lease): Promise<void> {
    const { exchange, interval } = job;
    const spec = this.#options.sources.find((each) => each.exchange === exchange);
    if (spec === undefined) {
      await this.#note(job, lease, { state: 'unavailable', detail: `${exchange} is no longer configured` });
      return;
    }
    const source = await this.#sources.open(spec);
    if (source === null)
      return await this.#note(job, lease, {
        detail: this.troubles.find((each) => each.exchange === exchange)?.reason ?? null,
      });
    try {
      const found = await source.candles(job, job.reached);
      const candles = found.filter(({ time }) => time < job.until);
      const page = job.reached + PAGE * INTERVAL_LENGTH[interval];
      // Nothing was traded from there on, it was not listed yet, or the exchange has skipped ahead.
      const reached = Math.min(page, job.until);
      await this.#store(job, lease, candles, reached);
      this.#sources.answered(exchange);
    } catch (error) {
      if (error instanceof SourceBusyError) {
        this.#sources.pause(exchange, error);
        await this.#note(job, lease, { detail: error.message });
      } else if (error instanceof RangeError) {
        await this.#note(job, lease, { state: 'unavailable', detail: error.message });
        this.#warnings.warn(
          { symbol: job.symbol, exchange, err: error },
          'past candles cannot be had',
          exchange,
        );
      } else throw error;
    }
  }

  async #store(job: Backfill, lease: Lease, candles: readonly Candle[], reached: number): Promise<void> {
    const { db, clock, intake, stored } = this.#options;
    const isDone = reached >= job.until;
    const [first, last] = [candles[0], candles.at(-1)];
    const { after, closed } = await fenced(db, { name: BACKFILL_LEASE, fence: lease.fence }, async (trx) => {
      let closed: SymbolSpan[] = [];
      // Keeps candles that were loaded by hand or built from ticks, unless some of these ticks were missed.
      if (job.interval === '1d') await upsertDays(trx, candles, 'keep');
      else {
        // Minutes in between without a candle had no trade. Before the first and after the last, it may not have them.
        const known = { symbol: job.symbol, from: first?.time ?? 0, to: (last?.closeTime ?? -1) + 1 };
        closed = await closeGaps(trx, first === undefined ? [] : [known]);
        const isMissed = ({ time, closeTime }: Candle): boolean =>
          closed.some((span) => time < span.to && closeTime >= span.from);
        await upsertCandles(trx, candles.filter(isMissed), 'replace');
        await upsertCandles(trx, candles, 'keep');
      }
      const change = { reached, stored: candles.length, detail: null };
      const state = isDone ? { state: 'done' as const } : {};
      return { after: await updateBackfill(trx, job.id, { ...change, ...state }, { clock }), closed };
    });
    if (last !== undefined) {
      const spans = closed.map(({ from, to }) => ({ from, to }));
      await intake.announceLoaded([
        { symbol: job.symbol, from: job.reached, to: reached, last, closed: spans },
      ]);
      stored();
    }
    if (after !== null) await this.#tell(after);
  }

  async #note(
    job: Backfill,
    lease: Lease,
    change: { state?: 'unavailable'; detail: string | null },
  ): Promise<void> {
    const { db, clock } = this.#options;
    const after = await fenced(db, { name: BACKFILL_LEASE, fence: lease.fence }, (trx) =>
      updateBackfill(trx, job.id, change, { clock }),
    );
    if (after !== null) await this.#tell(after);
  }

  /** Progress is state in the market log: if it cannot be published now, the next page publishes it. */
  async #tell(job: Backfill): Promise<void> {
    const { broker, logger } = this.#options;
    const data = encodeRecord({ type: 'backfill', body: backfillBody(job) });
    await broker
      .publish(MARKET_LOG, [{ key: `backfill:${job.symbol}`, data }])
      .catch((error: unknown) => logger.debug({ err: error }, 'progress cannot be published'));
  }
}

export function backfillBody(job: ReadableBackfill): BackfillBody {
  const { since, until, reached, createdAt, updatedAt, ...rest } = job;
  const iso = (time: number): string => new Date(time).toISOString();
  return {
    ...rest,
    from: iso(since),
    to: iso(until),
    reached: iso(reached),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}
