import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import type { Clock, Random } from '../../../lib/clock.ts';
import { backoff, pause, type Backoff } from '../../../lib/async/backoff.ts';
import { isPositiveDecimal } from '../market-tick.ts';
import type { Feed, FeedStatus, TickSink } from '../market-feed.ts';
import type { Tick } from '../tick.ts';
import { type FeedType, onlyParameters, symbolOf } from './feed-type.ts';

const COLUMNS = ['timestamp_ms', 'trade_id', 'side', 'price', 'amount'] as const;
const BATCH = 500;
/** A broken line must not turn half the file into one record. */
const MAX_LINE = 1_000_000;

export interface ReplayOptions {
  path: string;
  symbol: string;
  exchange: string | null;
  /** `1`: as recorded; `60`: a minute a second; `max`: as fast as the sink takes it. */
  speed: number | 'max';
  clock: Clock;
  random: Random;
}

export interface ReplaySpec {
  kind: 'replay';
  path: string;
  symbol: string;
  exchange: string | null;
}

/** `replay:<csv>?symbol=ETH/USDT[&exchange=binance]` */
export const replay: FeedType<ReplaySpec> = {
  kind: 'replay',
  syntax: 'replay:<csv>?symbol=…',
  isCombinable: false,
  expectsTicks: true,
  parse(path, query) {
    onlyParameters(query, ['symbol', 'exchange']);
    if (path === '') throw new RangeError('replay: needs the path of a CSV file');
    const symbol = query.get('symbol');
    if (symbol === null)
      throw new RangeError('replay: needs ?symbol=, as in replay:trades.csv?symbol=ETH/USDT');
    return { kind: 'replay', path, symbol: symbolOf(symbol), exchange: query.get('exchange') };
  },
  origin: ({ exchange, symbol }) => ({ exchange, symbols: [symbol] }),
  open: (spec, options) => new ReplayFeed({ ...spec, ...options, speed: options.replaySpeed }),
};

/**
 * Recorded public trades from a CSV file, in file order and at their recorded times. A row that cannot be read is
 * counted and told, and the rest goes on. When the file or the sink fails it tries again from the first row that was
 * not delivered, so nothing is lost and nothing comes twice.
 */
export class ReplayFeed implements Feed {
  readonly #options: ReplayOptions;
  readonly #closing = new AbortController();
  readonly #backoff: Backoff;
  #running: Promise<void> | null = null;
  #changed: () => void = () => {};
  #status: FeedStatus;
  /** Rows (good or bad) that are behind us: where a new attempt goes on. */
  #rowsDone = 0;
  /** Rows that were ever looked at, so that a second look does not count a bad one again. */
  #rowsSeen = 0;
  #bad = 0;
  #firstBad: string | null = null;
  /** Recorded time and the clock's at the start of the replay. */
  #origin: { recorded: number; clock: number } | null = null;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#backoff = backoff(options.clock, options.random);
    this.#status = { feed: 'replay', state: 'starting', detail: null, lastTickAt: null, ticks: 0 };
  }

  start(sink: TickSink, changed: () => void = () => {}): void {
    this.#changed = changed;
    this.#running ??= this.#run(sink);
  }

  status(): FeedStatus {
    return { ...this.#status };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    this.#status.state = 'ended';
  }

  async #run(sink: TickSink): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#play(sink);
        if (!signal.aborted) this.#show('ended');
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#show(
          'retrying',
          `${this.#options.path}: ${error instanceof Error ? error.message : String(error)}`,
        );
        await this.#backoff.wait(signal);
      }
    }
  }

  async #play(sink: TickSink): Promise<void> {
    const { signal } = this.#closing;
    const file = createReadStream(this.#options.path);
    const parser = parse({
      bom: true,
      columns: checkedHeader,
      info: true,
      // Figures and ids need no quotes, and one stray quote would swallow the rest of the file.
      quote: null,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_LINE,
    });
    file.on('error', (error) => parser.destroy(error));
    file.pipe(parser);
    let row = 0;
    let batch: Tick[] = [];
    const flush = async (): Promise<void> => {
      const ticks = batch;
      batch = [];
      if (ticks.length > 0) {
        await sink(ticks);
        this.#status.ticks += ticks.length;
        this.#status.lastTickAt = this.#options.clock.now();
        this.#backoff.reset();
      }
      this.#rowsDone = Math.max(this.#rowsDone, row);
      this.#show('running');
    };
    try {
      for await (const record of parser as AsyncIterable<CsvRow>) {
        if (row < this.#rowsDone) {
          row += 1;
          continue;
        }
        const tick = this.#tick(record, row);
        if (tick !== null) {
          const wait = this.#dueIn(tick.time);
          if (wait > 0 || batch.length >= BATCH) await flush();
          if (wait > 0) await this.#until(tick.time);
          if (signal.aborted) return;
          batch.push(tick);
        }
        row += 1;
        this.#rowsSeen = Math.max(this.#rowsSeen, row);
      }
      await flush();
    } finally {
      file.destroy();
      parser.destroy();
    }
  }

  /** Milliseconds until a recorded time is due. */
  #dueIn(time: number): number {
    const { speed, clock } = this.#options;
    if (speed === 'max') return 0;
    this.#origin ??= { recorded: time, clock: clock.monotonic() };
    return (time - this.#origin.recorded) / speed - (clock.monotonic() - this.#origin.clock);
  }

  async #until(time: number): Promise<void> {
    const { signal } = this.#closing;
    // A timer of more than 2³¹ ms fires at once, and a timer may fire a moment early: look again.
    for (let wait = this.#dueIn(time); wait > 0 && !signal.aborted; wait = this.#dueIn(time)) {
      await pause(this.#options.clock, Math.min(Math.ceil(wait), 3_600_000), signal);
    }
  }

  #tick({ record, info }: CsvRow, row: number): Tick | null {
    const time = Number(record.timestamp_ms);
    const wrong =
      !/^\d{1,15}$/.test(record.timestamp_ms ?? '') || time > 8.64e15
        ? 'timestamp_ms'
        : record.side !== 'buy' && record.side !== 'sell'
          ? 'side'
          : !isPositiveDecimal(record.price ?? '')
            ? 'price'
            : !isPositiveDecimal(record.amount ?? '')
              ? 'amount'
              : null;
    if (wrong === null) {
      return {
        symbol: this.#options.symbol,
        price: record.price ?? '',
        quantity: record.amount ?? '',
        side: record.side === 'buy' ? 'buy' : 'sell',
        time,
        tradeId: record.trade_id === '' ? null : (record.trade_id?.slice(0, 100) ?? null),
        exchange: this.#options.exchange,
        simulated: false,
      };
    }
    if (row < this.#rowsSeen) return null;
    this.#bad += 1;
    const text = JSON.stringify((record[wrong] ?? '').slice(0, 40));
    this.#firstBad ??= `line ${info.lines}: ${wrong} is ${text}`;
    return null;
  }

  #show(state: FeedStatus['state'], detail: string | null = null): void {
    const rows = this.#bad === 1 ? 'row was' : 'rows were';
    const skipped =
      this.#bad === 0 ? null : `${this.#bad} broken ${rows} skipped, first on ${this.#firstBad}`;
    const isNews = state !== this.#status.state;
    this.#status.state = state;
    this.#status.detail = [detail, skipped].filter((part) => part !== null).join('; ') || null;
    if (isNews) this.#changed();
  }
}

interface CsvRow {
  record: Partial<Record<(typeof COLUMNS)[number], string>>;
  info: { lines: number };
}

/** @throws RangeError naming the columns that are missing */
export function checkedHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new RangeError(`the header lacks ${missing.join(', ')}`);
  return names;
}
