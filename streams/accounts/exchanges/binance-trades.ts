import { z } from 'zod';
import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import type { RawTrade } from '../../../lib/import/reading/format.ts';
import { decimal, div, fixed, mul } from '../../../lib/money/money.ts';
import type { AccountPage, Cursor } from './adapter.ts';
import { type Ask, id, millis, number } from './answers.ts';

/** Symbols queried per page: each costs 20 of the 6,000 weight units per minute. */
const SYMBOLS = 40;
/** The approximate number of trades per page. */
const TRADES = 5_000;
/** Each look queries this many of the most recently traded symbols, and as many of the others in turn. */
const RECENT = 15;
const IN_TURN = 10;
/** A look that took longer is followed by another. */
const LOOK_MS = 120_000;
/** How long a list of symbols is used. */
const SYMBOLS_MS = 3_600_000;

const tradeSchema = z.object({
  symbol: z.string(),
  id: z.union([z.string(), z.number()]).transform(Number).pipe(z.int().min(0)),
  orderId: id,
  price: number,
  qty: number,
  quoteQty: number,
  commission: number,
  commissionAsset: z.string(),
  time: millis,
  isBuyer: z.boolean(),
});

const symbolsSchema = z.object({
  symbols: z.array(z.object({ symbol: z.string(), baseAsset: z.string(), quoteAsset: z.string() })),
});

const tradesCursor = z.object({
  /** When this look began. */
  at: z.number(),
  /** Symbols that this look still has to query, in order. */
  todo: z.array(z.string()),
  /**
   * Symbols that have trades: both assets, the lowest id that the next trade can have, and the time of the
   * last trade.
   */
  known: z.record(
    z.string(),
    z.object({ base: z.string(), quote: z.string(), next: z.number(), last: z.number() }),
  ),
  /** Balances at the previous look, and the assets whose balance had changed then. */
  balances: z.record(z.string(), z.string()),
  changed: z.array(z.string()),
  /** The last symbol that was queried in turn. */
  turn: z.string(),
});
type TradesCursor = z.output<typeof tradesCursor>;
type Known = TradesCursor['known'];

export interface Assets {
  base: string;
  quote: string;
}

export interface TradesOptions {
  ask: Ask;
  balances: () => Promise<Record<string, string>>;
  /** Assets seen in deposits, conversions and rewards. */
  seen: ReadonlySet<string>;
  /** The maximum number of trades in a response. */
  limit: number;
}

/**
 * Binance lists trades by symbol only. The first look queries every symbol, starting with those of the assets
 * seen. Later looks query the symbols with a changed balance, at this look or the previous one, the most
 * recently traded ones, and some of the others in turn.
 */
export class BinanceTrades {
  readonly #options: TradesOptions;
  #symbols: ReadonlyMap<string, Assets> = new Map();
  #listedAt = -Infinity;

  constructor(options: TradesOptions) {
    this.#options = options;
  }

  async page(before: Cursor | null, now: number): Promise<AccountPage> {
    const symbols = await this.list(now);
    const cursor = before === null ? await this.#firstLook(symbols, now) : tradesCursor.parse(before);
    const look = cursor.todo.length > 0 ? cursor : await this.#nextLook(cursor, symbols, now);
    const known: Known = { ...look.known };
    const entries: RawTrade[] = [];
    let done = 0;
    for (let asked = 0; done < look.todo.length && asked < SYMBOLS && entries.length < TRADES; asked += 1) {
      const symbol = look.todo[done] ?? '';
      const assets = symbols.get(symbol) ?? known[symbol];
      const trades = assets === undefined ? [] : await this.#trades(symbol, known[symbol]?.next ?? 0);
      const last = trades.at(-1);
      if (assets !== undefined && last !== undefined) {
        known[symbol] = { base: assets.base, quote: assets.quote, next: last.id + 1, last: last.time };
        entries.push(...trades.map((trade) => tradeEntry(trade, assets)));
      }
      if (trades.length < this.#options.limit) done += 1;
    }
    const todo = look.todo.slice(done);
    // Much may have happened since a long look began, so another one follows.
    const isLast = todo.length === 0 && now - look.at < LOOK_MS;
    return { entries, cursor: { ...look, todo, known }, isLast, readUntil: null };
  }

  /** Both assets of a symbol in the latest list; `null` if it is not listed. */
  assetsOf(symbol: string): Assets | null {
    return this.#symbols.get(symbol) ?? null;
  }

  /** Oldest first, from the first with an id of at least `from`. */
  async #trades(symbol: string, from: number): Promise<z.output<typeof tradeSchema>[]> {
    const { ask, limit } = this.#options;
    try {
      const trades = await ask(z.array(tradeSchema), 'privateGetMyTrades', { symbol, fromId: from, limit });
      return trades.filter((trade) => trade.id >= from).sort((a, b) => a.id - b.id);
    } catch (error) {
      // The symbol is no longer listed.
      if (error instanceof AccountError && error.failure.reason === '-1121') return [];
      throw error;
    }
  }

  /** The exchange's symbols, requested again when the list is too old. */
  async list(now: number): Promise<ReadonlyMap<string, Assets>> {
    if (now - this.#listedAt < SYMBOLS_MS) return this.#symbols;
    const { symbols } = await this.#options.ask(symbolsSchema, 'publicGetExchangeInfo', {
      showPermissionSets: 'false',
    });
    this.#symbols = new Map(
      symbols.map(({ symbol, baseAsset: base, quoteAsset: quote }) => [symbol, { base, quote }]),
    );
    this.#listedAt = now;
    return this.#symbols;
  }

  async #firstLook(symbols: ReadonlyMap<string, Assets>, now: number): Promise<TradesCursor> {
    const balances = await this.#options.balances();
    const assets = new Set([...this.#options.seen, ...Object.keys(balances)]);
    const rank = ({ base, quote }: Assets): number =>
      (assets.has(base) ? 2 : 0) + (assets.has(quote) ? 1 : 0);
    const todo = [...symbols]
      .map(([symbol, each]) => ({ symbol, rank: rank(each) }))
      .sort((a, b) => b.rank - a.rank || (a.symbol < b.symbol ? -1 : 1))
      .map(({ symbol }) => symbol);
    return { at: now, todo, known: {}, balances, changed: [...assets], turn: '' };
  }

  async #nextLook(
    before: TradesCursor,
    symbols: ReadonlyMap<string, Assets>,
    now: number,
  ): Promise<TradesCursor> {
    const { known } = before;
    const balances = await this.#options.balances();
    const names = new Set([...Object.keys(balances), ...Object.keys(before.balances)]);
    const changed = [...names].filter((asset) => balances[asset] !== before.balances[asset]);
    // Trades may be listed after the balance has changed.
    const moved = new Set([...changed, ...before.changed]);
    const traded = [...new Set([...Object.keys(known), ...symbols.keys()])].filter((symbol) => {
      const assets = symbols.get(symbol) ?? known[symbol];
      return assets !== undefined && moved.has(assets.base) && moved.has(assets.quote);
    });
    const recent = Object.entries(known)
      .sort(([, a], [, b]) => b.last - a.last)
      .slice(0, RECENT)
      .map(([symbol]) => symbol);
    const inTurn = nextInTurn([...symbols.keys()], before.turn);
    const todo = [...new Set([...traded, ...recent, ...inTurn])];
    return { at: now, todo, known, balances, changed, turn: inTurn.at(-1) ?? '' };
  }
}

/** The next symbols by name, starting over after the last. */
function nextInTurn(symbols: string[], turn: string): string[] {
  const sorted = symbols.sort();
  const start = sorted.findIndex((symbol) => symbol > turn);
  return (start < 0 ? sorted : [...sorted.slice(start), ...sorted.slice(0, start)]).slice(0, IN_TURN);
}

/** A fill, as listed. */
export function tradeEntry(trade: z.output<typeof tradeSchema>, { base, quote }: Assets): RawTrade {
  return {
    kind: 'trade',
    exchange: 'binance',
    // Ids are counted per symbol.
    externalId: `${trade.symbol}-${trade.id}`,
    orderId: trade.orderId,
    symbol: `${base}/${quote}`,
    side: trade.isBuyer ? 'buy' : 'sell',
    quantity: trade.qty,
    price: priceOf(trade),
    fee: { amount: trade.commission, currency: trade.commissionAsset },
    time: trade.time,
    sequence: trade.id,
  };
}

/**
 * Binance cuts the amount paid off at eight decimals. If it differs from price × quantity, the price is the
 * amount paid per unit.
 */
function priceOf({ price, qty, quoteQty }: z.output<typeof tradeSchema>): string {
  const paid = fixed(quoteQty);
  return mul(fixed(price), fixed(qty)) === paid ? price : decimal(div(paid, fixed(qty)));
}
